import { PassThrough, Readable } from "node:stream";
import { deflateSync, gzipSync, zstdCompressSync, constants } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type BodyEnd, type ContentEncoding, contentEncodingOf, readBody } from "../../../src/app/otlp/read-body.ts";

const mebibyte = 1024 * 1024;

async function read(
  source: Readable,
  encoding: ContentEncoding,
  limits: { readonly largestPacked?: number; readonly largestBody?: number; readonly room?: number } = {},
): Promise<{ readonly end: BodyEnd; readonly produced: number }> {
  let produced = 0;
  const end = await readBody(source, {
    encoding,
    largestPacked: limits.largestPacked ?? 64 * mebibyte,
    largestBody: limits.largestBody ?? mebibyte,
    reserve: (bytes) => {
      produced += bytes;
      return produced > (limits.room ?? Infinity) ? { status: 503, retryAfter: 1, why: "full" } : undefined;
    },
  });
  return { end, produced };
}

/** Zeros, 64 MiB of them, packed to some tens of kilobytes. */
const zeros = Buffer.alloc(64 * mebibyte);
const bombs: Readonly<Record<"gzip" | "deflate" | "zstd", Buffer>> = {
  gzip: gzipSync(zeros),
  deflate: deflateSync(zeros),
  zstd: zstdCompressSync(zeros),
};

describe("a body", () => {
  test.each(["gzip", "deflate", "zstd"] as const)(
    "that unpacks without end (%s) costs its limit and one piece, not its size",
    async (encoding) => {
      expect(bombs[encoding].length).toBeLessThan(mebibyte / 8);
      const { end, produced } = await read(Readable.from([bombs[encoding]]), encoding);
      expect(end).toEqual({ kind: "too-large" });
      expect(produced).toBeLessThanOrEqual(mebibyte);
      expect(produced).toBeGreaterThan(mebibyte / 2);
    },
  );

  test("a bomb inside a bomb is unpacked once", async () => {
    const { end } = await read(Readable.from([gzipSync(bombs.gzip)]), "gzip");
    expect(end.kind).toBe("body");
  });

  test("stops as soon as there is no room for another piece", async () => {
    const { end, produced } = await read(Readable.from([bombs.gzip]), "gzip", { largestBody: 64 * mebibyte, room: 200_000 });
    expect(end).toEqual({ kind: "wait", wait: { status: 503, retryAfter: 1, why: "full" } });
    expect(produced).toBeLessThan(300_000);
  });

  test("a stream that never ends is cut at its packed size, and its source can still be answered", async () => {
    const source = new PassThrough();
    const reading = read(source, "identity", { largestPacked: 1000, largestBody: 10_000 });
    source.write(Buffer.alloc(600));
    source.write(Buffer.alloc(600));
    expect((await reading).end).toEqual({ kind: "too-large" });
    expect(source.destroyed).toBe(false);
  });

  test("a Zstandard frame that wants a window of half a gigabyte is broken, whatever it holds", async () => {
    const packed = zstdCompressSync(Buffer.from("small"), { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } });
    // Magic, a frame header descriptor without size, the window's byte, and the blocks as they were.
    const withWindow = (log: number): Buffer =>
      Buffer.concat([packed.subarray(0, 4), Buffer.from([0, (log - 10) << 3]), packed.subarray(6)]);
    expect((await read(Readable.from([withWindow(29)]), "zstd")).end).toEqual({ kind: "broken" });
    expect((await read(Readable.from([withWindow(23)]), "zstd")).end).toMatchObject({ kind: "body", bytes: Buffer.from("small") });
  });

  test("whose sender leaves is gone", async () => {
    const source = new PassThrough();
    const reading = read(source, "gzip");
    source.write(bombs.gzip.subarray(0, 10));
    source.destroy();
    expect((await reading).end).toEqual({ kind: "gone" });
  });

  test.each([
    [undefined, "identity"],
    ["", "identity"],
    ["GZIP", "gzip"],
    ["x-gzip", "gzip"],
    ["zlib", "deflate"],
    [" zstd ", "zstd"],
    ["br", undefined],
    ["gzip, zstd", undefined],
  ])("packed as %j is read as %j", (header, encoding) => {
    expect(contentEncodingOf(header)).toBe(encoding);
  });
});
