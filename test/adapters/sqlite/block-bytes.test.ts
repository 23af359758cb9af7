import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { packBlock, packText, unpackBlock, unpackText } from "../../../src/adapters/sqlite/block-bytes.ts";
import type { SessionBlock } from "../../../src/adapters/sqlite/session-block.ts";

const block: SessionBlock = {
  first: 3,
  bodies: ['[{"role":"user","content":"line\\nbreak"}]', 17, "", "two\nlines, ü and 🙂", "half a pair \ud83d", "\ufeffmarked"],
  spans: [],
  logs: [],
};

describe("a block's bytes", () => {
  test("give the block again, whatever its texts hold", () => {
    expect(unpackBlock(packBlock(block))).toEqual(block);
    for (const text of ["", "\n", "ü\n🙂", "half \udc00", '"quoted"']) expect(unpackText(packText(text))).toBe(text);
  });

  test("hold texts as they are, so that a quote costs one byte", () => {
    expect(zstdDecompressSync(packBlock(block)).toString("utf8")).toContain('\n[{"role":"user"');
  });

  test("of an earlier version are read as well", () => {
    const former = (value: unknown): Uint8Array => zstdCompressSync(Buffer.from(JSON.stringify(value), "utf8"));
    expect(unpackBlock(former(block))).toEqual(block);
    expect(unpackText(former("two\nlines"))).toBe("two\nlines");
  });
});
