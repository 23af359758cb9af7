/** Text from behind what opens a string to the end of its file. */
interface Opened {
  readonly rest: string;
  /** What stands behind the string where it was not broken. */
  readonly tail: string;
}

/**
 * What the prompt's string of a Java, Kotlin, C#, Ruby or Rust file says, read by the rules of its language for that one kind of string;
 * `undefined` where it ends elsewhere, fills something in, or holds what its language refuses. Shares no code with what is measured.
 */
export function blockString(path: string, opened: Opened): string | undefined {
  if (path.endsWith(".java")) return javaText(opened);
  if (path.endsWith(".kt")) return kotlinText(opened);
  if (path.endsWith(".cs")) return csharpText(opened);
  return path.endsWith(".rb") ? rubyText(opened) : rustText(opened);
}

export const holdsBlockString = (path: string): boolean => /\.(?:java|kt|cs|rb|rs)$/.test(path);

/** Inside of a string whose closing sign begins at an offset, if what follows is what should. */
const insideTo = ({ rest, tail }: Opened, end: number, sign: string): string | undefined =>
  end >= 0 && rest.slice(end) === tail.slice(tail.indexOf(sign)) ? rest.slice(0, end) : undefined;

function javaText(opened: Opened): string | undefined {
  let end = 0;
  while (end < opened.rest.length && !opened.rest.startsWith('"""', end)) end += opened.rest[end] === "\\" ? 2 : 1;
  const inside = insideTo(opened, end, '"""');
  if (inside === undefined) return undefined;
  const lines = inside.split("\n");
  const counted = lines.filter((line, index) => line.trim() !== "" || index === lines.length - 1);
  const indent = Math.min(...counted.map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0));
  const text = lines.map((line) => line.slice(indent).replace(/[ \t]+$/, "")).join("\n");
  return withEscapes(text, { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", s: " ", '"': '"', "'": "'", "\\": "\\", "\n": "" });
}

function kotlinText(opened: Opened): string | undefined {
  let end = opened.rest.indexOf('"""');
  while (opened.rest[end + 3] === '"') end += 1;
  const inside = insideTo(opened, end, '"""');
  return inside === undefined || /\$[\p{L}_{`]/u.test(inside) ? undefined : inside;
}

function csharpText(opened: Opened): string | undefined {
  const inside = insideTo(opened, opened.rest.indexOf('"""'), '"""');
  if (inside === undefined) return undefined;
  const lines = inside.split("\n");
  const indent = lines.pop() ?? "";
  if (indent.trim() !== "" || lines.some((line) => line.trim() !== "" && !line.startsWith(indent))) return undefined;
  return lines.map((line) => line.slice(indent.length)).join("\n");
}

function rubyText({ rest, tail }: Opened): string | undefined {
  const name = tail.slice(0, tail.indexOf("\n"));
  const lines: string[] = [];
  for (const line of rest.split("\n")) {
    if (line.trim() === name) break;
    lines.push(line);
  }
  const inside = lines.map((line) => `${line}\n`).join("");
  if (rest.slice(inside.length) !== tail || /(?<!\\)(?:\\\\)*#(?:\{|@{1,2}[A-Za-z_]|\$[A-Za-z_])/.test(inside)) return undefined;
  const indent = Math.min(...lines.filter((line) => line.trim() !== "").map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0));
  const text = lines.map((line) => `${line.slice(indent)}\n`).join("");
  const known = { n: "\n", t: "\t", r: "\r", s: " ", e: "\u001B", a: "\u0007", b: "\b", f: "\f", v: "\v", "\n": "" };
  return withEscapes(text, known, (sign) => (/[0-7xcMCu]/.test(sign) ? undefined : sign));
}

const rustText = (opened: Opened): string | undefined => insideTo(opened, opened.rest.indexOf('"#'), '"#');

/** A text with its escapes undone; `undefined` where one is not known. */
function withEscapes(
  text: string,
  known: Readonly<Record<string, string>>,
  other: (sign: string) => string | undefined = () => undefined,
): string | undefined {
  let said = "";
  for (let at = 0; at < text.length; at += 1) {
    const unicode = text[at] === "\\" ? /^\\u([0-9a-fA-F]{4})/.exec(text.slice(at, at + 6)) : null;
    const sign = text[at + 1] ?? "";
    const meant =
      text[at] !== "\\"
        ? text[at]
        : unicode !== null && "a" in known
          ? String.fromCharCode(Number.parseInt(unicode[1] ?? "", 16))
          : (known[sign] ?? other(sign));
    if (meant === undefined) return undefined;
    said += meant;
    if (text[at] === "\\") at += unicode === null ? 1 : 5;
  }
  return said;
}
