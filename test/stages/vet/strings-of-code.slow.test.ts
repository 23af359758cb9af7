import { describe, expect, test } from "vitest";
import { astGrepLiterals } from "../../../src/adapters/ast-grep-literals/ast-grep-literals.ts";
import { seededRandom } from "../../../src/domain/random.ts";
import { decodeLiteral, encodeLiteral, formOf, type LiteralForm, stringsOf } from "../../../src/domain/text/string-form.ts";
import { refusalsOf, type Region, scopeOf, vetted } from "./vet-scope.ts";

const reader = astGrepLiterals();
const block = '"""';
const mark = "MARK";

/** A file whose string of one kind holds a mark. */
const kinds: readonly (readonly [kind: string, path: string, text: string])[] = [
  ["Python, one line", "a.py", `A = "x"\nP = 'Say MARK now.'\nB = 'y'\n`],
  ["Python, nothing else", "a.py", `A = "x"\nP = "MARK"\nB = 'y'\n`],
  ["Python, three quotes", "a.py", `A = "x"\nP = """MARK"""\nB = 'y'\n`],
  ["Python, three apostrophes", "a.py", `P = '''Say\n  MARK'''\nB = 'y'\n`],
  ["Python, format", "a.py", `P = f"""Hi {name}. MARK"""\nB = 'y'\n`],
  ["Python, raw", "a.py", `P = r"""MARK"""\nB = 'y'\n`],
  ["Python, raw in one line", "a.py", `P = r"MARK"\nB = 'y'\n`],
  ["TypeScript, double quotes", "a.ts", `const p = "MARK";\nconst b = 'y';\n`],
  ["TypeScript, template", "a.ts", "const p = `Hi ${name}. MARK`;\nconst b = 'y';\n"],
  ["TypeScript, template before a brace", "a.ts", "const p = `MARK{x}`;\nconst b = 'y';\n"],
  ["Go, quotes", "a.go", 'package a\nvar p = "MARK"\nvar b = "y"\n'],
  ["Go, raw", "a.go", 'package a\nvar p = `MARK`\nvar b = "y"\n'],
  ["Java, quotes", "A.java", `class A {\n  String p = "MARK";\n  String b = "y";\n}\n`],
  ["Java, text block", "A.java", `class A {\n  String p = ${block}\n      Say\n      MARK${block};\n  String b = "y";\n}\n`],
  [
    "Java, text block with its end below",
    "A.java",
    `class A {\n  String p = ${block}\n      MARK\n      ${block};\n  String b = "y";\n}\n`,
  ],
  ["Kotlin, quotes", "a.kt", `val p = "Hi $name. MARK"\nval b = "y"\n`],
  ["Kotlin, raw", "a.kt", `val p = ${block}MARK${block}\nval b = "y"\n`],
  ["C#, quotes", "A.cs", `class A {\n  string p = "MARK";\n  string b = "y";\n}\n`],
  ["C#, interpolated", "A.cs", `class A {\n  string p = $"Hi {name}. MARK";\n  string b = "y";\n}\n`],
  ["C#, verbatim", "A.cs", `class A {\n  string p = @"MARK";\n  string b = "y";\n}\n`],
  ["C#, verbatim and interpolated", "A.cs", `class A {\n  string p = $@"MARK";\n  string b = "y";\n}\n`],
  ["C#, raw in one line", "A.cs", `class A {\n  string p = ${block}MARK${block};\n  string b = "y";\n}\n`],
  ["C#, raw", "A.cs", `class A {\n  string p = ${block}\n      MARK\n      ${block};\n  string b = "y";\n}\n`],
  ["C#, raw and interpolated", "A.cs", `class A {\n  string p = $$${block}\n    {{x}} MARK\n    ${block};\n  string b = "y";\n}\n`],
  ["Ruby, double quotes", "a.rb", `p = "MARK"\nb = "y"\n`],
  ["Ruby, before a brace", "a.rb", `p = "MARK{x}"\nb = "y"\n`],
  ["Ruby, apostrophes", "a.rb", `p = 'MARK'\nb = "y"\n`],
  ["Ruby, %q with bars", "a.rb", `p = %q|MARK|\nb = "y"\n`],
  ["Ruby, %Q with brackets", "a.rb", `p = %Q(MARK)\nb = "y"\n`],
  ["Ruby, here-document", "a.rb", `p = <<~EOS\n  Say\n  MARK\nEOS\nb = "y"\n`],
  ["Ruby, raw here-document", "a.rb", `p = <<-'EOS'\nMARK\n  EOS\nb = "y"\n`],
  ["Rust, quotes", "a.rs", `const P: &str = "MARK";\nconst B: &str = "y";\n`],
  ["Rust, raw", "a.rs", `const P: &str = r#"MARK"#;\nconst B: &str = "y";\n`],
];

/** Kinds that refuse many texts. */
const narrow: ReadonlySet<string> = new Set([
  "Python, raw",
  "Python, raw in one line",
  "Go, raw",
  "Kotlin, raw",
  "C#, raw in one line",
  "C#, raw",
  "C#, raw and interpolated",
  "Ruby, %Q with brackets",
  "Ruby, raw here-document",
  "Rust, raw",
]);

const pieces = [
  ...Array.from("abc ZÄ€漢😀\n\t\"'`\\$#{}()[]<>|@%/*-"),
  '"""',
  "'''",
  '""""',
  "${x}",
  "#{x}",
  "#@x",
  "#$x",
  "$name",
  "{{",
  "}}",
  "\\n",
  "\\u0022",
  "\\",
  "EOS",
  "\n  ",
  "\nEOS\n",
  '"#',
  "//",
  "/*",
  "%s",
];

/** Letters, signs, and pieces that mean something to some language. */
function randomText(random: () => number): string {
  const length = 1 + Math.floor(random() * 8);
  return Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)] ?? "").join("");
}

function literalWith(path: string, text: string, at: number): LiteralForm {
  const form = formOf(path, text, { start: at, end: at });
  if (form?.kind !== "literal") throw new Error(`no literal in ${JSON.stringify(text)}`);
  return form;
}

const outermost = (path: string, text: string): readonly { readonly start: number; readonly end: number }[] => {
  const ranges = reader.read(path, text, "strings")?.strings.map(({ range }) => range) ?? [];
  return ranges
    .filter((one) => !ranges.some((other) => other !== one && other.start <= one.start && one.end <= other.end))
    .toSorted((left, right) => left.start - right.start);
};

/**
 * Kotlin's grammar takes `\"\"\"` for three quotes, and a backslash before the quotes of a raw string for an escape; that of C# takes `$@"""` for
 * the opening of a raw string.
 */
const isReadTruly = (path: string, text: string): boolean =>
  path.endsWith(".kt") ? !/["\\]/.test(text) : !path.endsWith(".cs") || !text.startsWith('"');

describe.each(kinds)("%s", (kind, path, text) => {
  const at = text.indexOf(mark);
  const before = literalWith(path, text, at);
  const valueOf = (written: string, form: LiteralForm): string => decodeLiteral(written.slice(form.literal.start, form.literal.end), form);

  test("holds any text that it takes, says just that, and leaves the rest of the file", () => {
    const random = seededRandom(7, kind);
    let taken = 0;
    for (let round = 0; round < 400; round += 1) {
      const wanted = randomText(random).replace(before.isIndented === true ? /\n+$/ : /$^/, "");
      const written = encodeLiteral(wanted, before);
      if (written === undefined) continue;
      taken += 1;
      const after = text.slice(0, at) + written + text.slice(at + mark.length);
      const form = literalWith(path, after, at);
      expect([wanted, valueOf(after, form)]).toEqual([wanted, valueOf(text, before).replace(mark, () => wanted)]);
      expect(after.slice(0, form.literal.start)).toBe(text.slice(0, before.literal.start));
      expect(after.slice(form.literal.end)).toBe(text.slice(before.literal.end));
      const bounds = stringsOf(path, after).map(({ end, start }) => ({ start, end }));
      expect([wanted, isReadTruly(path, wanted) ? outermost(path, after) : bounds]).toEqual([wanted, bounds]);
    }
    expect(taken).toBeGreaterThan(narrow.has(kind) ? 40 : 250);
  });
});

const stringRegion = (path: string, text: string, inner: string): Region => ({ path, text, inner });
const refusedFor = async (region: Region, before: string, after: string): Promise<string> =>
  refusalsOf(await vetted(scopeOf([region]), [region.path, before, after]))
    .map(({ message }) => message)
    .join("; ");

describe("escapes that a language does not know", () => {
  const noEscape = "it adds a backslash that begins no escape of this language";

  test.each([
    ["Python", "a.py", "P = 'Be kind.'\n", String.raw`Be \Nice.`],
    ["Python, in other digits", "a.py", "P = 'Be kind.'\n", String.raw`Be \101.`],
    ["Java, which reads these before its strings", "A.java", 'class A { String P = "Be kind."; }\n', String.raw`Be \u0041.`],
    ["Go", "a.go", 'package a\nvar p = "Be kind."\n', String.raw`Be \xE9.`],
    ["TOML", "a.toml", 'p = """Be kind."""\n', "Be \\\n nice."],
  ])("are refused in %s", async (_language, path, text, after) => {
    expect(await refusedFor(stringRegion(path, text, "Be kind."), "Be kind.", after)).toContain(noEscape);
  });

  test("are refused where one takes another's place", async () => {
    const inner = String.raw`Match \d. Be kind.`;
    const region = stringRegion("a.py", `P = '${inner}'\n`, inner);
    expect(await refusedFor(region, inner, String.raw`Match \w. Be kind.`)).toContain(noEscape);
    expect(await refusedFor(region, "Be kind.", "Be very kind.")).toBe("");
  });

  test("are text where a string has none", async () => {
    const verbatim = stringRegion("A.cs", 'class A { string P = @"Be kind."; }\n', "Be kind.");
    expect(await refusedFor(verbatim, "Be kind.", String.raw`Be kind, see C:\rules.`)).toBe("");
    const plain = stringRegion("a.rb", "P = 'Be kind.'\n", "Be kind.");
    expect(await refusedFor(plain, "Be kind.", String.raw`Be kind, see C:\rules.`)).toBe("");
  });
});

describe("what a string fills in", () => {
  const filled = "it adds or removes an interpolation";

  test.each([
    ["a template that was escaped", "a.ts", "const p = `Say \\${x} to all.`;\n", "\\${x}", "${x}"],
    ["a backslash before a template", "a.ts", "const p = `Say \\\\${x} to all.`;\n", "\\\\${x}", "\\${x}"],
    ["a name of Kotlin that is not English", "a.kt", 'val p = "Say x to all."\n', "x", "$größe"],
    ["a name of Kotlin in backquotes", "a.kt", 'val p = "Say x to all."\n', "x", "$`the name`"],
    ["a field of Ruby", "a.rb", 'p = "Say x to all."\n', "x", "#@name"],
    ["a global of Ruby", "a.rb", 'p = "Say x to all."\n', "x", "#$name"],
  ])("cannot become %s", async (_what, path, text, before, after) => {
    const inner = /["`]([\s\S]*)["`]/.exec(text)?.[1] ?? "";
    expect(await refusedFor(stringRegion(path, text, inner), before, after)).toContain(filled);
  });
});

describe("the end of a long string", () => {
  const inside = (path: string, text: string): readonly string[] => stringsOf(path, text).map(({ end, start }) => text.slice(start, end));

  test("with more quotes than it needs is read as each language reads it", () => {
    expect(inside("a.kt", 'val a = """say "so""""\nval b = "y"\n')).toEqual(['say "so"', "y"]);
    expect(inside("A.java", 'String a = """\n  so""" + "y";\n')).toEqual(["\n  so", "y"]);
    expect(inside("A.java", 'String a = """\n  so"""";\nString b = "y";\n')).toEqual(["\n  so", "y"]);
    expect(inside("a.rs", 'let a = r##"so"##"y";\n')).toEqual(["so", "y"]);
    expect(inside("A.cs", 'var a = """say "so"""";\nvar b = "y";\n')).toEqual(["y"]);
  });

  test("is not looked for beyond the line of C#'s raw strings that begin on it", () => {
    expect(inside("A.cs", 'var a = """so;\nvar b = "y";\n')).toEqual(["y"]);
  });

  test("that never comes costs one reading of the file, fifty times at most", () => {
    const rest = "x ".repeat(100_000);
    const openings = (opening: string): string => `${`${opening} `.repeat(20_000)}${rest}`;
    for (const [path, opening] of [
      ["a.kt", '"${'],
      ["A.cs", '$"{'],
      ["a.rs", 'r#"'],
      ["a.rb", '"#{'],
      ["a.rb", "%q(("],
      ["a.ts", "`${\n"],
    ] as const)
      expect([opening, stringsOf(path, openings(opening)).length < 60]).toEqual([opening, true]);
  });
});
