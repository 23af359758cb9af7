import { describe, expect, test } from "vitest";
import { astGrepLiterals } from "../../src/adapters/ast-grep-literals/ast-grep-literals.ts";
import { decodeLiteral, encodeLiteral, formOf, stringsOf } from "../../src/domain/text/string-form.ts";

const reader = astGrepLiterals();
const block = '"""';

/** A file of one language, and of each string in it, outer ones only, what the program reads, with what is filled in left as it is written. */
const files: readonly (readonly [path: string, text: string, values: readonly string[]])[] = [
  [
    "Agent.java",
    `class Agent { // don't
  static final String A = "You are \\"Ada\\".\\n" + name + " Be kind.";
  static final String B = ${block}
      Hello %s,
        "indented" \\t and on.
      ${block}.formatted(name);
  char c = '"'; /* "none" */
}
`,
    ['You are "Ada".\n', " Be kind.", 'Hello %s,\n  "indented" \t and on.\n'],
  ],
  [
    "Agent.kt",
    `val a = "Hi $name and \${who("x")} for \\$5"
/* outer /* inner "no" */ still */
val b = ${block}
  |Raw \\n \${y ?: "none"}
${block}.trimMargin()
`,
    ['Hi $name and ${who("x")} for $5', '\n  |Raw \\n ${y ?: "none"}\n'],
  ],
  [
    "Agent.cs",
    `#region It's
class Agent {
  const string A = @"C:\\dir ""quoted""
second line";
  string B = $"Hi {name,5:F2} {{kept}} {(ok ? "yes" : "no")}\\n";
  string C = $@"Dir {path} ""q""";
  string D = ${block}
      Raw "text" {z}
        more
      ${block};
  string E = $$${block}
    a {{x}} {b}
    ${block};
}
`,
    [
      'C:\\dir "quoted"\nsecond line',
      'Hi {name,5:F2} {kept} {(ok ? "yes" : "no")}\n',
      'Dir {path} "q"',
      'Raw "text" {z}\n  more\n',
      "a {{x}} {b}\n",
    ],
  ],
  [
    "agent.rb",
    `# It's a comment
PROMPT = <<~EOS
  You are #{name}.
    Be \\"kind\\".
EOS
a = "a #{b["k"]} \\n" 'c\\'d'
x = 7 / 2 if y =~ /'"/
run(<<-A, <<'B')
  one
  A
two \\n
B
c = %q(it's (nested)) + %Q{two #{x}}
`,
    ['You are #{name}.\n  Be "kind".\n', 'a #{b["k"]} \n', "c'd", "  one\n", "two \\n\n", "it's (nested)", "two #{x}"],
  ],
  [
    "agent.rs",
    `fn f<'a>(x: &'a str) -> char { '"' }
const A: &str = r#"You are "x" {}"#;
const B: &str = "one \\
    two \\"q\\"
three";
let s = format!("x {y} {}", 1); /* a /* "b" */ */
`,
    ['You are "x" {}', 'one two "q"\nthree', "x {y} {}"],
  ],
];

describe.each(files)("%s", (path, text, values) => {
  const strings = reader.read(path, text, "names")?.strings ?? [];
  const outer = strings.filter(
    ({ range }) => !strings.some((other) => other.range !== range && other.range.start <= range.start && range.end <= other.range.end),
  );
  const ranges = outer.map(({ range }) => range).toSorted((left, right) => left.start - right.start);

  test("is read as its language reads it, and the reader by quotes sees the same bounds", () => {
    const seen = stringsOf(path, text).map(({ end, start }) => ({ start, end }));
    expect(seen).toEqual(ranges);
    const read = seen.map((range) => {
      const form = formOf(path, text, range);
      return form?.kind === "literal" ? decodeLiteral(text.slice(range.start, range.end), form) : undefined;
    });
    expect(read).toEqual(values);
  });

  test("takes a sentence written back into any of its strings, and reads it as it was meant", () => {
    for (const range of ranges) {
      const form = formOf(path, text, range);
      if (form?.kind !== "literal") throw new Error("no literal");
      const isBracketed = /^[)}]$/.test(form.literal.quote);
      const sentence = form.isRaw || isBracketed ? "Say so, once." : 'Say "so" \\ once, it\'s $5 #{no}.';
      const written = encodeLiteral(sentence, form) ?? "nothing";
      const at = range.end - (/\n[ \t]*$/.exec(text.slice(range.start, range.end))?.[0].length ?? 0);
      const changed = text.slice(0, at) + written + text.slice(at);
      const again = stringsOf(path, changed);
      expect(again).toHaveLength(ranges.length);
      const own = formOf(path, changed, { start: at, end: at + written.length });
      expect(own?.kind === "literal" && decodeLiteral(changed.slice(own.literal.start, own.literal.end), own)).toContain(sentence);
    }
  });
});

test("names say what a string belongs to", () => {
  const names = (path: string, text: string, word: string): readonly string[] | undefined =>
    reader.read(path, text, "names")?.strings.find(({ range }) => text.slice(range.start, range.end).includes(word))?.names;
  expect(
    names("T.java", 'class T { @Tool(name = "search", description = "Finds it") int f() { return 1; } }', "Finds")?.slice(0, 3),
  ).toEqual(["description", "search", "Tool"]);
  expect(names("T.kt", 'class T { @Tool("Finds it") fun search(q: Int) = 3 }', "Finds")).toContain("search");
  expect(names("T.cs", 'class T { [Description("Finds it")] int Search(int q) { return 1; } }', "Finds")).toContain("Search");
  expect(names("t.rb", 'class Search < Tool\n  param :city, desc: "Finds it"\nend\n', "Finds")?.slice(0, 2)).toEqual(["desc", "city"]);
  expect(names("t.rs", 'fn f() { Tool { name: "search".into(), description: "Finds it".into() } }', "Finds")?.slice(0, 2)).toContain(
    "description",
  );
});
