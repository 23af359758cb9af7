import { createHmac, randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { TuneupError } from "../../domain/errors.ts";
import type { ProjectId } from "../../domain/ids.ts";

const keyBytes = 32;

/**
 * The keys of an installation's placeholders, from one secret in a file of its own (mode 0600) that is made on first use. Kept apart from the
 * traces: who has only these cannot try out values. Throws `config-invalid` naming the path of a file that holds no key.
 */
export function redactionKeys(path: string): (project: ProjectId) => Uint8Array {
  let secret: Buffer | undefined;
  const keys = new Map<ProjectId, Uint8Array>();
  return (project) => {
    const known = keys.get(project);
    if (known !== undefined) return known;
    secret ??= readKey(path);
    const key = createHmac("sha256", secret).update(`project\u0000${project}`, "utf8").digest();
    keys.set(project, key);
    return key;
  };
}

function readKey(path: string): Buffer {
  if (!existsSync(path)) makeKey(path);
  const key = Buffer.from(readFileSync(path, "utf8").trim(), "hex");
  if (key.length === keyBytes) return key;
  throw new TuneupError("config-invalid", `${path} holds no redaction key.`, {
    remedy: "Restore the file from a backup. Without it placeholders of new traces differ from those of the old; delete it to begin anew.",
    fields: { path },
  });
}

/** Written whole under another name first: two processes that start together end up with one key. */
function makeKey(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    writeSync(descriptor, `${randomBytes(keyBytes).toString("hex")}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}
