import type { SyntaxNode } from "@lezer/common";

const simple: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
const escape = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g;

/** The text of a Python string that is written out: a literal, such ones side by side, or added; `undefined` for everything else. */
export function textOf(node: SyntaxNode, source: string): string | undefined {
  switch (node.name) {
    case "String":
      return literal(source.slice(node.from, node.to));
    case "ContinuedString":
    case "BinaryExpression":
    case "ParenthesizedExpression":
      return joined(node, source);
    default:
      return undefined;
  }
}

function joined(node: SyntaxNode, source: string): string | undefined {
  let text = "";
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name === "(" || child.name === ")" || child.name === "Comment") continue;
    if (child.name === "ArithOp") {
      if (source.slice(child.from, child.to) !== "+") return undefined;
      continue;
    }
    const piece = textOf(child, source);
    if (piece === undefined) return undefined;
    text += piece;
  }
  return text;
}

function literal(written: string): string | undefined {
  const [, prefix = "", quote = '"'] = /^([a-zA-Z]*)("""|'''|"|')/.exec(written) ?? [];
  if (/b/i.test(prefix)) return undefined;
  const inside = written.slice(prefix.length + quote.length, written.length - quote.length);
  if (/r/i.test(prefix)) return inside;
  return inside.replace(escape, (whole, ...found: (string | undefined)[]) => {
    const [two, four, eight, octal, character = ""] = found;
    const hex = two ?? four ?? eight;
    if (hex !== undefined) return String.fromCodePoint(Math.min(0x10ffff, Number.parseInt(hex, 16)));
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    return simple[character] ?? whole;
  });
}
