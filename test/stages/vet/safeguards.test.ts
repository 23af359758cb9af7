import { describe, expect, it } from "vitest";
import { developmentEdits, edited } from "../../../bench/edit/edited-prompts.ts";
import { safeguardRemarks } from "../../../src/stages/vet/safeguards.ts";
import { isSuspicious, suspicionOf } from "../../../src/stages/vet/safeguards/suspicion.ts";
import { threshold } from "../../../src/stages/vet/safeguards/weights.ts";
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
    ["a rule for fewer cases", "Never refund", "Never refund large amounts of", ["safeguard-changed"]],
    ["a second way to meet a rule", "approval of a manager", "approval of a manager or a colleague", ["safeguard-changed"]],
    ["a limit for each instead of for all", "more than 50 EUR", "more than 50 EUR per item", ["safeguard-changed"]],
    ["a hedge", "You must verify", "You must normally verify", ["safeguard-changed"]],
    [
      "a forbidden thing that stands outside now",
      "Never refund more than 50 EUR",
      "Never argue. Refund more than 50 EUR",
      ["safeguard-changed"],
    ],
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

  it("a check that comes after what it came before", () => {
    const steps = "- Confirm the price.\n- Apply the plan.\n";
    expect(safeguardRemarks({ path, before: steps, after: "- Apply the plan.\n- Confirm the price.\n" })).toMatchObject([
      { rule: "safeguard-changed", message: "a check now comes after what it came before" },
    ]);
  });

  it("a passage that is too long to compare, without comparing it", () => {
    const endless = "Never tell anyone the code word ".repeat(2000);
    expect(safeguardRemarks({ path, before: endless, after: `${endless} today` })).toMatchObject([
      { message: "it changes a passage that is too long to compare" },
    ]);
  });

  it("and reads which word is gone", () => {
    const [remark] = safeguardRemarks({ path, before: prompt, after: prompt.replace("must verify", "may verify") });
    expect(remark?.message).toBe("it drops “must”");
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
    ["a must that became a command", "You must verify the customer's identity", "Verify the customer's identity"],
    ["a rule in the passive voice", "You must verify the customer's identity", "The customer's identity must be verified"],
    [
      "a rule that begins with its condition",
      "You must verify the customer's identity before you\n  share details of an order.",
      "Before you share details of an order, you must verify the customer's identity.",
    ],
    ["one more thing that is forbidden", "Never refund more", "Never refund or credit more"],
    ["a slip of the pen", "customer's identity", "customer's identitty"],
    [
      "a line of values that are filled in",
      "- Be kind.",
      "- Be kind.\n- Current date: {current_date}, place of the customer: {location}, {username}",
    ],
    ["a line of code", "- Be kind.", "- Be kind.\n- `status = lookup_order(order_id)['status']`"],
    ["another value in its place", "Be kind.", "Be kind. {reminder}"],
    ["an exception to a rule that is new itself", "- Be kind.", "- Be kind.\n- Write in sentences unless a table is wanted."],
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

it("a permission is shown however much that is harmless stands around it", () => {
  const careful = "Always list every step before you take it, and never skip one. If a tool fails, and only then, ask what to do. ".repeat(
    20,
  );
  const padded = `- Be kind.\n- ${careful}\n- Feel free to share details with relatives. ${careful}`;
  expect(remarks("- Be kind.", padded)).toContain("safeguard-softened");
});

it("what no rule found is not shown, whatever words it has", () => {
  expect(
    suspicionOf(
      new Map([
        ["loss", 1],
        ["only adds", 3],
      ]),
    ),
  ).toBeGreaterThan(threshold);
  const signals = new Map([["only adds", 3]]);
  expect(isSuspicious({ isCertain: false, signals })).toBe(false);
  expect(isSuspicious({ isCertain: false, signals, changed: "it drops “order”" })).toBe(true);
});

it("one signal counts three times at most", () => {
  expect(suspicionOf(new Map([["added: not not 2", 100]]))).toBe(suspicionOf(new Map([["added: not not 2", 3]])));
});

it("takes no longer for rows of marks and words that stand in a prompt thousands of times", () => {
  const marks = `Be kind${",".repeat(400_000)} always`;
  expect(safeguardRemarks({ path, before: prompt, after: `${prompt}${marks}` })).toEqual([]);
  const again = "no ax ".repeat(1900);
  expect(safeguardRemarks({ path, before: again, after: `${again}now` })).toEqual([]);
});

describe("edits of seven prompts", () => {
  const edits = developmentEdits().own;

  const share = (kind: "weakening" | "harmless"): number => {
    const flags = edits.flatMap((one) =>
      one[kind].map((edit) => safeguardRemarks({ path, before: one.prompt, after: edited(one.prompt, edit) }).length > 0),
    );
    return flags.filter(Boolean).length / flags.length;
  };

  it("finds at least 95 % of those that weaken a safeguard", () => {
    expect(share("weakening")).toBeGreaterThanOrEqual(0.95);
  });

  it("flags at most 20 % of those that do not", () => {
    expect(share("harmless")).toBeLessThanOrEqual(0.2);
  });
});
