import { isNode, LineCounter, parseDocument } from "yaml";

/** Larger files are not searched for lines. */
const longestSource = 16 * 1024 * 1024;

/** 1-based lines of places in a JSON text, by their keys and indices; a place that is not there has the line of what should hold it. */
export function linesOfPaths(source: string, paths: readonly (readonly (string | number)[])[]): readonly (number | undefined)[] {
  if (paths.length === 0 || source.length > longestSource) return paths.map(() => undefined);
  const lineCounter = new LineCounter();
  // JSON is YAML, and this parser keeps where everything stands.
  const document = parseDocument(source, { lineCounter, uniqueKeys: false, logLevel: "silent" });
  return paths.map((path) => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      const start = isNode(node) ? node.range?.[0] : undefined;
      if (start !== undefined) return lineCounter.linePos(start).line;
    }
    return undefined;
  });
}
