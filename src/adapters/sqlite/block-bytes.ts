import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { SessionBlock } from "./session-block.ts";

const largestBlock = 1024 * 1024 * 1024;

/** A block whose bodies stand behind it as they are: `[length]` in UTF-16 units in the place of each. Texts that UTF-8 cannot write stay in place. */
type BlockHead = Omit<SessionBlock, "bodies"> & { readonly bodies: readonly (string | number | readonly [length: number])[] };

/**
 * A block's bytes: zstd over its JSON, a line break, and its bodies one after the other. Bodies are mostly JSON themselves, so that writing them
 * inside JSON would escape, and later read, every quote of them.
 */
export function packBlock({ bodies, ...block }: SessionBlock): Uint8Array {
  const behind = bodies.filter((body) => typeof body === "string" && body.isWellFormed());
  const head: BlockHead = {
    ...block,
    bodies: bodies.map((body) => (typeof body === "string" && body.isWellFormed() ? ([body.length] as const) : body)),
  };
  return zstdCompressSync(Buffer.from(`${JSON.stringify(head)}\n${behind.join("")}`, "utf8"));
}

/** The block again; also one of an earlier version, which is JSON as a whole. */
export function unpackBlock(bytes: unknown): SessionBlock {
  const text = decompressed(bytes);
  const end = text.indexOf("\n");
  const head = JSON.parse(end === -1 ? text : text.slice(0, end)) as BlockHead;
  let from = end + 1;
  const bodies = head.bodies.map((body) => {
    if (typeof body !== "object") return body;
    const start = from;
    from += body[0];
    return text.slice(start, from);
  });
  return { ...head, bodies };
}

/** A shared body's bytes: a line break and the text; JSON where UTF-8 cannot write it. */
export const packText = (text: string): Uint8Array =>
  zstdCompressSync(Buffer.from(text.isWellFormed() ? `\n${text}` : JSON.stringify(text), "utf8"));

/** The text again; also one of an earlier version, which is JSON. */
export function unpackText(bytes: unknown): string {
  const text = decompressed(bytes);
  return text.startsWith("\n") ? text.slice(1) : (JSON.parse(text) as string);
}

function decompressed(bytes: unknown): string {
  if (!(bytes instanceof Uint8Array)) throw new Error("a stored block is no bytes");
  return zstdDecompressSync(bytes, { maxOutputLength: largestBlock }).toString("utf8");
}
