import { spawn } from "node:child_process";
import { TuneupError } from "../../domain/errors.ts";
import type { TreeBlob } from "./git-tree.ts";

/** Larger files are never text that a prompt was written in. */
const largestFile = 1024 * 1024;

/**
 * The texts of many blobs through one `git cat-file --batch`. Links, submodules, files over 1 MiB and bytes that are no UTF-8 are absent.
 * A byte order mark is kept: what is written back must be what was there.
 */
export async function readBlobs(repository: string, blobs: readonly TreeBlob[]): Promise<ReadonlyMap<string, string>> {
  const wanted = blobs.filter((blob) => (blob.kind === "file" || blob.kind === "executable") && blob.size <= largestFile);
  if (wanted.length === 0) return new Map();
  const bytes = await catFile(repository, [...new Set(wanted.map((blob) => blob.object))]);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const texts = new Map<string, string>();
  for (const blob of wanted) {
    const content = bytes.get(blob.object);
    if (content === undefined || content.includes(0)) continue;
    try {
      texts.set(blob.path, decoder.decode(content));
    } catch {
      // Not UTF-8: not a text.
    }
  }
  return texts;
}

function catFile(repository: string, objects: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
  return new Promise((resolve, reject) => {
    const child = spawn("git", ["-C", repository, "cat-file", "--batch"], { stdio: ["pipe", "pipe", "ignore"] });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stdin.on("error", () => undefined);
    child.on("error", (cause) => reject(broken(repository, cause)));
    child.on("close", (code) => (code === 0 ? resolve(parseBatch(Buffer.concat(chunks))) : reject(broken(repository, code))));
    child.stdin.end(`${objects.join("\n")}\n`);
  });
}

const broken = (repository: string, cause: unknown): TuneupError =>
  new TuneupError("repository-unreadable", `The objects of the repository at ${repository} cannot be read.`, {
    remedy: "`git fsck` says what is damaged.",
    fields: { path: repository },
    cause,
  });

/** `<object> <type> <size>\n<bytes>\n`, again and again. */
function parseBatch(output: Buffer): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  let position = 0;
  while (position < output.length) {
    const end = output.indexOf(10, position);
    if (end < 0) break;
    const [object = "", type = "", size = ""] = output.toString("latin1", position, end).split(" ");
    position = end + 1;
    if (type === "missing" || size === "") continue;
    const length = Number(size);
    if (type === "blob") found.set(object, output.subarray(position, position + length));
    position += length + 1;
  }
  return found;
}
