/** A copy that does not keep a larger text alive: what is cut out of a text is, inside the engine, a view of the whole. */
export function detached(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}
