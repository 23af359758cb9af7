import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";

/** What GitHub hands out once, when an App is made from a manifest. */
const credentialsSchema = z.object({
  id: z.string().regex(/^\d{1,12}$/),
  slug: z.string().regex(/^[a-z0-9][a-z0-9-]{0,99}$/),
  privateKey: z.string().min(100).max(20_000),
  webhookSecret: z.string().min(16).max(500),
  apiUrl: z.url().exactOptional(),
});
export type StoredCredentials = z.infer<typeof credentialsSchema>;

/** The App's credentials as the setup page stored them; `undefined` where there are none. Throws `config-invalid` on a file that is no such file or that others may read. */
export function readCredentialFile(path: string): StoredCredentials | undefined {
  if (!existsSync(path)) return undefined;
  const refused = (why: string, remedy: string): TuneupError =>
    new TuneupError("config-invalid", `The App's credentials at ${path} ${why}.`, { remedy, fields: { path } });
  // Windows has no such bits; there the folder's own access list holds.
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) throw refused("can be read by others", `chmod 600 ${path}`);
  try {
    return credentialsSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    throw refused(
      "are damaged",
      "Restore the file from a backup, or remove it and set up the App again (or set APP_ID, PRIVATE_KEY and WEBHOOK_SECRET).",
    );
  }
}

/** Stores them, once: an existing file is never overwritten (`config-invalid`). Only the owner may read it; on disk when it returns. */
export function writeCredentialFile(path: string, credentials: StoredCredentials): void {
  mkdirSync(dirname(path), { recursive: true });
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
  } catch (cause) {
    throw new TuneupError(
      "config-invalid",
      `The App's credentials at ${path} cannot be written: there are some already, or the folder is not writable.`,
      {
        remedy: "Move the old file away first, if you mean to replace the App.",
        fields: { path },
        cause,
      },
    );
  }
  try {
    writeSync(file, `${JSON.stringify(credentialsSchema.parse(credentials), undefined, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
