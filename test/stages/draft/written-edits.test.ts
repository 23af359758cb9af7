import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { resolveCandidate } from "../../../src/stages/draft/resolve.ts";
import { allowedOf, type Region, scopeOf, sourceOf, vetted } from "../vet/vet-scope.ts";

/** The file as a drafted hunk leaves it, or why the hunk does not fit. */
function written(region: Region, search: string, replace: string): string {
  const draft = { kind: "insert", hypothesis: "A rule is missing.", edits: [{ path: region.path, search, replace, reason: "Adds it." }] };
  const resolved = resolveCandidate({ ...draft, kind: "insert" }, [sourceOf(region)], new Map([[region.path, region.text]]));
  if (!resolved.ok) return resolved.why;
  return resolved.candidate.edits.reduce((text, { after, before }) => text.replace(before, () => after), region.text);
}

test("brackets that stand in pairs inside a string between brackets are left alone", () => {
  const text = "P = %q(Be kind (always).)\n";
  expect(written({ path: "a.rb", text, inner: "Be kind (always)." }, "Be kind", "Be kind (and brief)")).toBe(
    "P = %q(Be kind (and brief) (always).)\n",
  );
});

describe("a bare YAML value", () => {
  const text = "# keep me\nname: support\nprompt: Be kind. # and me\nend: 1\n";
  const region: Region = { path: "a.yaml", text, inner: "Be kind." };

  test.each([
    ["a colon", "Be kind: always.", "Be kind: always."],
    ["a hash", "Be kind # always.", "Be kind # always."],
    ["what would be a list", "- Be kind.", "- Be kind."],
    ["quotes of its own", '"Be kind": always.', '"Be kind": always.'],
    ["a line end and a colon", "Be kind: always.\nSmile.", "Be kind: always.\nSmile."],
    ["what would be a number", "12", "12"],
  ])("that cannot hold %s is put in quotes, and is all that changes", async (_what, replace, meant) => {
    const after = written(region, "Be kind.", replace);
    expect(parse(after)).toEqual({ name: "support", prompt: meant, end: 1 });
    expect(after).toBe(text.replace("Be kind.", () => JSON.stringify(meant)));
    const allowed = allowedOf(await vetted(scopeOf([region]), ["a.yaml", "Be kind.", JSON.stringify(meant)]));
    expect(allowed.changes).toEqual([{ target: "instructions", before: "Be kind.", after: meant }]);
  });

  test("is put in quotes as a whole where a part of it changes", () => {
    const long = "prompt: Be kind and\n  brief.\n\n  Say bye.\n";
    const own: Region = { path: "a.yaml", text: long, inner: "Be kind and\n  brief.\n\n  Say bye." };
    expect(written(own, "Say bye.", "Say: bye.")).toBe(`prompt: ${String.raw`"Be kind and brief.\nSay: bye."`}\n`);
  });

  test("stays bare where it can", () => {
    expect(written(region, "Be kind.", "Be very kind.")).toBe(text.replace("kind.", "very kind."));
  });
});
