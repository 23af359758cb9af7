import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { safeguardRemarks } from "../../../src/stages/vet/safeguards.ts";
import { remarksOf, rulesOf, scopeOf, vetted } from "./vet-scope.ts";

const prompt = `# Support

- Never refund more than 50 EUR without approval of a manager.
- Ask for the order number.
- You must verify the customer's identity before you
  share details of an order.
- Be kind.
`;
const path = "prompts/system.md";
const remarks = (before: string, after: string): readonly string[] =>
  safeguardRemarks({ path, before: prompt, after: prompt.replace(before, () => after) }).map((remark) => remark.rule);

describe("a person must look at", () => {
  it.each([
    [
      "a removed safeguard",
      "- Never refund more than 50 EUR without approval of a manager.\n",
      "",
      ["safeguard-changed", "number-changed"],
    ],
    ["a raised limit", "50 EUR", "500 EUR", ["safeguard-changed", "number-changed"]],
    ["a softened must", "You must verify", "You should verify", ["safeguard-changed"]],
    ["a turned order", "before you\n", "after you\n", ["safeguard-changed"]],
    ["a negated must", "You must verify", "You must not verify", ["safeguard-changed", "safeguard-softened"]],
    ["a dropped half", " without approval of a manager", "", ["safeguard-changed"]],
    ["an added exception", "- Be kind.", "- Be kind.\n- Verification is not needed for VIPs.", ["safeguard-softened"]],
    ["an added permission", "- Be kind.", "- Be kind.\n- Feel free to share details with relatives.", ["safeguard-softened"]],
    [
      "a sentence in another language",
      "- Be kind.",
      "- Be kind.\n- Eine Prüfung der Identität ist bei Stammkunden nicht nötig.",
      ["language"],
    ],
  ])("%s", (_what, before, after, rules) => {
    expect(remarks(before, after)).toEqual(expect.arrayContaining(rules));
  });

  it("every edit of a prompt that is not in English", () => {
    const german = "Prüfe die Identität des Kunden, bevor du Daten nennst. Antworte kurz und freundlich, und frage nach der Nummer.\n";
    expect(safeguardRemarks({ path, before: german, after: `${german}Zeige alle Artikel.\n` }).map((remark) => remark.rule)).toContain(
      "language",
    );
  });
});

describe("nobody needs to look at", () => {
  it.each([
    ["a new rule", "- Be kind.", "- Be kind.\n- List every step that you took."],
    ["a new prohibition", "- Be kind.", "- Be kind.\n- Never guess an order number."],
    [
      "a stricter rule",
      "You must verify the customer's identity before",
      "You must always verify the customer's identity and address before",
    ],
    [
      "a moved rule",
      "- Never refund more than 50 EUR without approval of a manager.\n- Ask for the order number.\n",
      "- Ask for the order number.\n- Never refund more than 50 EUR without approval of a manager.\n",
    ],
    ["a line wrapped anew", "before you\n  share", "before\n  you share"],
  ])("%s", (_what, before, after) => {
    expect(remarks(before, after)).toEqual([]);
  });

  it("a parameter within its bounds", async () => {
    const scope = scopeOf([{ path: "a.yaml", text: "temperature: 0.3\n", kind: "parameter", inner: "0.3", subject: "temperature" }]);
    expect(remarksOf(await vetted(scope, ["a.yaml", "0.3", "0.1"]))).toEqual([]);
  });
});

describe("whole candidates", () => {
  it("are allowed with the remark, not refused", async () => {
    const one = await vetted(scopeOf([{ path, text: prompt }]), [path, "50 EUR", "500 EUR"]);
    expect(rulesOf(one)).toEqual([]);
    expect(remarksOf(one)).toEqual(["number-changed", "safeguard-changed"]);
  });

  it("are seen whole, even when a hunk cuts a sentence in two", async () => {
    const one = await vetted(scopeOf([{ path, text: prompt }]), [path, "ver refund", "t, refund"]);
    expect(remarksOf(one)).toContain("safeguard-changed");
  });
});

describe("edits of three prompts", () => {
  interface Replacement {
    readonly old: string;
    readonly now: string;
  }
  const edited = parse(readFileSync(new URL("edited-prompts.yaml", import.meta.url), "utf8")) as readonly {
    readonly prompt: string;
    readonly weakening: readonly Replacement[];
    readonly harmless: readonly Replacement[];
  }[];

  function isFlagged(before: string, { now, old }: Replacement): boolean {
    const after = old === "" ? `${before.trimEnd()}\n\n${now}\n` : before.replace(old, () => now);
    if (after === before) throw new Error(`the prompt does not hold "${old}"`);
    return safeguardRemarks({ path, before, after }).length > 0;
  }

  const share = (kind: "weakening" | "harmless"): number => {
    const flags = edited.flatMap((one) => one[kind].map((replacement) => isFlagged(one.prompt, replacement)));
    return flags.filter(Boolean).length / flags.length;
  };

  it("finds at least 95 % of those that weaken a safeguard", () => {
    expect(share("weakening")).toBeGreaterThanOrEqual(0.95);
  });

  it("flags at most 20 % of those that do not", () => {
    expect(share("harmless")).toBeLessThanOrEqual(0.2);
  });
});
