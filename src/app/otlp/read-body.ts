import { PassThrough, type Readable, type Transform } from "node:stream";
import { constants, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import type { Wait } from "./admission.ts";

export const contentEncodings = ["identity", "gzip", "deflate", "zstd"] as const;
export type ContentEncoding = (typeof contentEncodings)[number];

/** The encoding a header names; `undefined` for one that is not understood, or several on top of each other. */
export function contentEncodingOf(header: string | undefined): ContentEncoding | undefined {
  const name = (header ?? "").trim().toLowerCase();
  if (name === "") return "identity";
  if (name === "x-gzip") return "gzip";
  // The Collector's own name for what HTTP calls deflate.
  if (name === "zlib") return "deflate";
  return contentEncodings.find((encoding) => encoding === name);
}

/** How reading a body ended. `gone`: the sender left before its end. */
export type BodyEnd =
  | { readonly kind: "body"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large" }
  | { readonly kind: "broken" }
  | { readonly kind: "gone" }
  | { readonly kind: "wait"; readonly wait: Wait };

export interface BodyReading {
  readonly encoding: ContentEncoding;
  readonly largestPacked: number;
  readonly largestBody: number;
  /** Asked before each unpacked piece is kept. */
  reserve(bytes: number): Wait | undefined;
}

/** Zstandard windows up to 16 MiB: the Collector's levels up to `better`. A frame may ask for gigabytes; those are refused as broken. */
const largestZstdWindow = 24;

function unpackerFor(encoding: ContentEncoding): Transform {
  switch (encoding) {
    case "identity":
      return new PassThrough();
    case "gzip":
      return createGunzip();
    case "deflate":
      return createInflate();
    case "zstd":
      return createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: largestZstdWindow } });
  }
}

/**
 * Reads and unpacks a body piece by piece, and stops at the first piece beyond a limit: a bomb costs one piece. The source is never destroyed,
 * so that an answer can still be sent; what it brings after the end is thrown away.
 */
export function readBody(source: Readable, reading: BodyReading): Promise<BodyEnd> {
  return new Promise((resolve) => {
    const unpacker = unpackerFor(reading.encoding);
    const pieces: Buffer[] = [];
    let packed = 0;
    let size = 0;
    let isOver = false;
    const end = (result: BodyEnd): void => {
      if (isOver) return;
      isOver = true;
      source.unpipe(unpacker);
      source.off("data", count);
      source.off("close", leave);
      unpacker.destroy();
      source.resume();
      resolve(result);
    };
    const count = (piece: Buffer): void => {
      packed += piece.length;
      if (packed > reading.largestPacked) end({ kind: "too-large" });
    };
    const leave = (): void => {
      if (!source.readableEnded) end({ kind: "gone" });
    };
    unpacker.on("data", (piece: Buffer) => {
      if (isOver) return;
      size += piece.length;
      if (size > reading.largestBody) return end({ kind: "too-large" });
      const wait = reading.reserve(piece.length);
      if (wait !== undefined) return end({ kind: "wait", wait });
      pieces.push(piece);
    });
    unpacker.on("end", () => end({ kind: "body", bytes: Buffer.concat(pieces, size) }));
    unpacker.on("error", () => end({ kind: "broken" }));
    source.on("data", count);
    source.on("close", leave);
    source.on("error", () => end({ kind: "gone" }));
    source.pipe(unpacker);
  });
}
