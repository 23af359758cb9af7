const closers: Readonly<Record<string, string>> = { "{": "}", "[": "]" };

/**
 * The text of JSON that was cut at a length limit, closed where it breaks off: what was whole before the cut, and the beginning of a text that the cut
 * went through. `undefined` when it is no JSON even then. Linear in the text's length.
 */
export function closedJson(text: string): unknown {
  const open: string[] = [];
  // The last comma, with what was open there: everything before it is whole.
  let whole = { end: -1, depth: 0 };
  let isText = false;
  let lastEscape = -1;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (isText) {
      if (character === "\\") {
        lastEscape = at;
        at += 1;
      } else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === "{" || character === "[") open.push(closers[character] ?? "");
    else if (character === "}" || character === "]") open.pop();
    else if (character === ",") whole = { end: at, depth: open.length };
  }
  const end = (depth: number): string => open.slice(0, depth).reverse().join("");
  // An escape that the cut went through is no text.
  const last = isText && lastEscape >= text.length - 6 ? text.slice(0, lastEscape) : text;
  return (
    attempt(`${last}${isText ? '"' : ""}${end(open.length)}`) ??
    (whole.end < 0 ? undefined : attempt(`${text.slice(0, whole.end)}${end(whole.depth)}`))
  );
}

function attempt(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
