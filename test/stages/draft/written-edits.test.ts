import { expect, test } from "vitest";
import { resolveCandidate } from "../../../src/stages/draft/resolve.ts";
import { type Region, sourceOf } from "../vet/vet-scope.ts";

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
