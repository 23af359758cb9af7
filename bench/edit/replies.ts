import type { Random } from "../../src/domain/random.ts";
import type { EditableFile } from "./editable-files.ts";

/** What a model answered, and what should become of it. */
export interface ModelAnswer {
  readonly kind: "valid" | "fuzzed" | "mutated";
  /** How it differs from a plain answer, for the report of what failed. */
  readonly form: string;
  readonly text: string;
}

export const pick = <T>(items: readonly T[], random: Random): T => {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
};

const sentences: readonly string[] = [
  "Read the order before you answer a question about it.",
  "Say which step comes next, and why.",
  "When a tool answers with an error, tell the user in plain words.",
  "Look at every item of the order, not only at the first one.",
  "Ask which item is meant when there is more than one.",
  "Repeat the address back to the user before it is changed.",
  "Check the dates of the reservation before you speak of a refund.",
  "Finish every step of the request before you say goodbye.",
];

/** Lines of the prompt that stand once in it and in the file, and say something. */
function anchors({ lines, prompt, range, text }: EditableFile): readonly string[] {
  const inside = text.slice(range.start, range.end);
  const all = prompt.split("\n");
  return lines.filter((line, index) => {
    const plain = all[index] ?? "";
    return line.trim().length >= 24 && once(inside, line) && once(text, line) && once(prompt, plain) && /[.:;)]$/.test(plain.trim());
  });
}

const once = (text: string, part: string): boolean => text.indexOf(part) === text.lastIndexOf(part) && text.includes(part);

interface Hunk {
  readonly search: string;
  readonly replace: string;
}

/** A sentence put behind, before or into a line. */
function plainHunk(file: EditableFile, random: Random): Hunk | undefined {
  const places = anchors(file);
  if (places.length === 0) return undefined;
  const search = pick(places, random);
  const sentence = pick(sentences, random);
  const lineEnd = file.write("a\nb").includes("\\n") ? "\\n" : "\n";
  const indent = /^[ \t]*/.exec(search)?.[0] ?? "";
  const bullet = /^[ \t]*- /.test(search) ? "- " : "";
  const added = `${lineEnd === "\n" ? indent : ""}${bullet}${sentence}`;
  const way = random();
  if (way < 0.45) return { search, replace: `${search}${lineEnd}${added}` };
  if (way < 0.7) return { search, replace: `${search} ${sentence}` };
  return { search, replace: `${added}${lineEnd}${search}` };
}

const answer = (file: EditableFile, hunks: readonly Hunk[]): string =>
  JSON.stringify({
    hypotheses: [{ level: "prompt", cause: "A step is missing.", change: "Name it." }],
    candidates: [
      {
        kind: "insert",
        hypothesis: "A step is missing.",
        edits: hunks.map(({ replace, search }) => ({ path: file.path, search, replace, reason: "Names the missing step." })),
      },
    ],
  });

/** Ways in which models write the same valid edit. */
const forms: readonly (readonly [name: string, write: (file: EditableFile, hunk: Hunk) => string])[] = [
  ["as it stands in the file", (file, hunk) => answer(file, [hunk])],
  ["inside a fence", (file, hunk) => `Here is the edit:\n\n\`\`\`json\n${answer(file, [hunk])}\n\`\`\`\nIt adds one step.`],
  ["with white space behind the search", (file, hunk) => answer(file, [{ ...hunk, search: `${hunk.search}  ` }])],
  ["with typographic quotes", (file, hunk) => answer(file, [{ ...hunk, search: typographic(hunk.search) }])],
  [
    "without the file's indentation",
    (file, { replace, search }) => answer(file, [{ search: search.replace(/^[ \t]+/, ""), replace: replace.replace(/^[ \t]+/gm, "") }]),
  ],
];

const typographic = (text: string): string => text.replace(/(\w)'(\w)/g, "$1’$2").replaceAll(" - ", " – ");

/** An answer that a careful person would accept; `undefined` where the file has no line to hold on to. */
export function validAnswer(file: EditableFile, random: Random): ModelAnswer | undefined {
  const hunk = plainHunk(file, random);
  if (hunk === undefined) return undefined;
  const [form, write] = pick(forms, random);
  return { kind: "valid", form, text: write(file, hunk) };
}

const pieces: readonly string[] = [
  '"',
  "'",
  "\n",
  "\\",
  "\\n",
  "{",
  "}",
  "`",
  '"""',
  "'''",
  ": ",
  " # x",
  "  ",
  "\r",
  "\t",
  "- ",
  "&a",
  "*b",
  "!!x",
  "|",
  "]",
  ",",
  "${x}",
  "{company}",
  "%s",
  "\0",
  "\u202E",
  "\uFEFF",
  "---\n",
  "é",
  "🙂",
  "\\u0041",
];

/** A valid edit with characters that containers act on, anywhere in what is put in. */
export function fuzzedAnswer(file: EditableFile, random: Random): ModelAnswer | undefined {
  const hunk = plainHunk(file, random);
  if (hunk === undefined) return undefined;
  let { replace } = hunk;
  const count = 1 + Math.floor(random() * 3);
  for (let index = 0; index < count; index += 1) {
    const at = Math.floor(random() * (replace.length + 1));
    replace = replace.slice(0, at) + pick(pieces, random) + replace.slice(at);
  }
  return { kind: "fuzzed", form: "characters", text: answer(file, [{ ...hunk, replace }]) };
}

const mutations: readonly (readonly [name: string, mutate: (text: string, file: EditableFile, random: Random) => string])[] = [
  ["cut off", (text, _file, random) => text.slice(0, Math.floor(random() * text.length))],
  ["another path", (text, file) => text.replaceAll(JSON.stringify(file.path), '"../../etc/passwd"')],
  ["a protected path", (text, file) => text.replaceAll(JSON.stringify(file.path), '".github/workflows/ci.yml"')],
  ["an empty search", (text) => text.replace(/"search":"(?:[^"\\]|\\.)*"/, '"search":""')],
  ["the whole file as search", (text, file) => text.replace(/"search":"(?:[^"\\]|\\.)*"/, () => `"search":${JSON.stringify(file.text)}`)],
  [
    "an edit of what stands around",
    (text, file) => text.replace(/"search":"(?:[^"\\]|\\.)*"/, () => `"search":${JSON.stringify(file.text.slice(-16).trim())}`),
  ],
  ["a search that stands often", (text) => text.replace(/"search":"(?:[^"\\]|\\.)*"/, '"search":"the"')],
  ["nothing put in its place", (text) => text.replace(/"replace":"(?:[^"\\]|\\.)*"/, '"replace":""')],
  ["numbers for texts", (text) => text.replace(/"replace":"(?:[^"\\]|\\.)*"/, '"replace":17')],
  ["the same edit twice", (text) => text.replace(/"edits":\[(\{.*\})\]/, '"edits":[$1,$1]')],
  ["foreign keys", (text) => text.replace('"candidates"', '"__proto__":{"x":1},"candidates"')],
  ["a byte changed", (text, _file, random) => changedAt(text, Math.floor(random() * text.length), random)],
];

const changedAt = (text: string, at: number, random: Random): string =>
  text.slice(0, at) + String.fromCharCode(32 + Math.floor(random() * 94)) + text.slice(at + 1);

/** A valid answer that was damaged, or that aims at something it must not reach. */
export function mutatedAnswer(file: EditableFile, random: Random): ModelAnswer | undefined {
  const hunk = plainHunk(file, random);
  if (hunk === undefined) return undefined;
  const [form, mutate] = pick(mutations, random);
  return { kind: "mutated", form, text: mutate(answer(file, [hunk]), file, random) };
}

/** Ways to hide that words come from a conversation. */
const disguises: readonly ((words: string, random: Random) => string)[] = [
  (words) => words,
  (words) => words.toUpperCase(),
  (words) => words.replace(/[,.]/g, " -"),
  (words) => words.split(" ").join("  "),
  (words) => `"${words}"`,
  (words) => words.split(" ").join(" _"),
  (words) => words.replace(/ /g, "\u00A0"),
];

/** A valid edit whose sentence repeats eight to fourteen words of a conversation. */
export function leakingAnswer(file: EditableFile, conversation: readonly string[], random: Random): ModelAnswer | undefined {
  const hunk = plainHunk(file, random);
  const words = pick(conversation, random).split(/\s+/);
  const length = 8 + Math.floor(random() * 7);
  if (hunk === undefined || words.length < length) return undefined;
  const from = Math.floor(random() * (words.length - length + 1));
  const planted = pick(disguises, random)(words.slice(from, from + length).join(" "), random);
  const written = file.write(`For example: ${planted}.`).trim();
  return { kind: "valid", form: "leak", text: answer(file, [{ ...hunk, replace: `${hunk.search} ${written}` }]) };
}
