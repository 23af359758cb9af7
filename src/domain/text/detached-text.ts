/** A copy that does not keep a larger text alive: what is cut out of a text is, inside the engine, a view of the whole. */
export function detached(text: string): string {
  // What is put together is written out when it is cut: a view of a copy that is one character longer. A round trip through a buffer would
  // take twice the memory for most texts, whose characters fit into one byte.
  return ` ${text}`.slice(1);
}
