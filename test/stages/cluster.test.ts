import { describe, expect, test } from "vitest";
import type { FailureCluster } from "../../src/domain/cluster.ts";
import type { FailureSignature, Outcome } from "../../src/domain/outcome.ts";
import type { Session } from "../../src/domain/session.ts";
import { cluster } from "../../src/stages/cluster.ts";
import { failed, type Line, project, session, succeeded, unclear } from "../builders/failure-builder.ts";

interface Case {
  readonly session: Session;
  readonly outcome: Outcome;
}

const clustersOf = (cases: readonly Case[], previous: readonly FailureCluster[] = []): readonly FailureCluster[] =>
  cluster({ project, sessions: cases.map((one) => one.session), outcomes: cases.map((one) => one.outcome), previous });

const times = (count: number, make: (index: number) => Case): readonly Case[] => Array.from({ length: count }, (_, index) => make(index));

const subjects = ["jacket", "kettle", "tablet", "lamp", "shoes", "tent", "watch"];

/** A failed session with this mark, of a user of its own; what it is about varies. */
const failing = (prefix: string, signature: FailureSignature | undefined, lines: readonly Line[] = []): ((index: number) => Case) => {
  return (index) => {
    const opening = `user: about my ${subjects[index % subjects.length]} number ${index}`;
    const built = session(`${prefix}-${index}`, [opening, ...lines, "agent: settled"], { user: `${prefix} user ${index}`, minute: index });
    return { session: built, outcome: failed(built, signature) };
  };
};

const passing = (prefix: string, lines: readonly Line[] = []): ((index: number) => Case) => {
  return (index) => {
    const opening = `user: about my ${subjects[index % subjects.length]} number ${index}`;
    const built = session(`${prefix}-${index}`, [opening, ...lines, "agent: settled"], { user: `${prefix} user ${index}` });
    return { session: built, outcome: succeeded(built) };
  };
};

const evaluator = { rule: "evaluation:refund policy:failed" };
const refundError: FailureSignature = { rule: "agent.outcome:failed", tool: "issue_refund", template: "Error: order <*> is not paid" };
const refundCall: Line = { tool: "issue_refund", error: "Error: order 17 is not paid" };

describe("failures that show something", () => {
  test("are grouped by what they show, most users first", () => {
    const cases = [
      ...times(4, failing("policy", evaluator)),
      ...times(6, failing("refund", refundError, [refundCall])),
      ...times(3, failing("loop", { rule: "loop", tool: "search" })),
    ];
    expect(clustersOf(cases).map((one) => [one.title, one.members.length, one.nature])).toEqual([
      ["issue_refund: Error: order <*> is not paid", 6, "cause"],
      ["refund policy: failed", 4, "cause"],
      ["search is called again and again with the same input", 3, "cause"],
    ]);
  });

  test("one person counts once in the order, however often", () => {
    const crowd = times(3, failing("policy", evaluator));
    const one = times(9, failing("loop", { rule: "loop", tool: "search" })).map((made) => {
      const { user: _user, ...rest } = made.session;
      const [first] = crowd;
      return { session: { ...rest, ...(first?.session.user === undefined ? {} : { user: first.session.user }) }, outcome: made.outcome };
    });
    expect(clustersOf([...one, ...crowd]).map((found) => [found.users, found.members.length])).toEqual([
      [3, 3],
      [1, 9],
    ]);
  });

  test("every failed session is in exactly one cluster, unclear and passing ones in none", () => {
    const odd = session("odd", ["user: Hm.", "agent: Hm."]);
    const cases = [
      ...times(5, failing("policy", evaluator)),
      ...times(5, failing("hidden", undefined)),
      ...times(5, passing("fine")),
      { session: odd, outcome: unclear(odd) },
    ];
    const members = clustersOf(cases).flatMap((one) => one.members);
    expect(members.toSorted()).toEqual(cases.flatMap(({ outcome }) => (outcome.result === "failed" ? [outcome.sessionId] : [])).toSorted());
  });

  test("a few sessions are enough, and a single one is shown as what it is", () => {
    const [only] = clustersOf(times(1, failing("refund", refundError, [refundCall])));
    expect(only).toMatchObject({
      title: "issue_refund: Error: order <*> is not paid",
      description: "1 session shows this mark.",
      users: 1,
    });
    expect(clustersOf([])).toEqual([]);
  });

  test("rare error texts of one tool come together", () => {
    const errors = ["Error: too late", "Error: not paid", "Error: no such order"];
    const cases = errors.flatMap((template, kind) =>
      times(
        1,
        failing(`kind-${kind}`, { rule: "tool-error", tool: "issue_refund", template }, [{ tool: "issue_refund", error: template }]),
      ),
    );
    expect(clustersOf(cases)).toMatchObject([
      { title: "issue_refund: several errors", signature: { rule: "tool-error", tool: "issue_refund" } },
    ]);
  });

  test("an error that passing sessions live with is no cause", () => {
    const cases = [...times(5, failing("refund", refundError, [refundCall])), ...times(20, passing("fine", [refundCall]))];
    expect(clustersOf(cases)).toMatchObject([{ nature: "no-visible-error", cause: "unknown" }]);
  });

  test.each([
    "Error: 429 Too Many Requests",
    "Error: connection reset by peer",
    "the request timed out after 30 s",
    "503 Service Unavailable",
  ])("%s is the infrastructure's failure, not the prompt's", (error) => {
    const signature = { rule: "tool-error", tool: "get_order", template: "Error: <*>" };
    const [found] = clustersOf(times(4, failing("broken", signature, [{ tool: "get_order", error }])));
    expect(found).toMatchObject({ nature: "infrastructure", description: expect.stringContaining("no prompt can mend it") as string });
  });

  test("an evaluator's complaint is not judged by a tool error that happens to stand beside it", () => {
    const signature = { ...refundError, rule: "evaluation:refund policy:failed" };
    const [found] = clustersOf(times(4, failing("policy", signature, [refundCall])));
    expect(found?.title).toBe("refund policy: failed (issue_refund: Error: order <*> is not paid)");
    expect(found?.signature).toEqual({ rule: "evaluation:refund policy:failed", tool: "issue_refund" });
  });
});

describe("groups with like words", () => {
  const words = "baggage allowance overweight surcharge terminal".split(" ");
  const about = (prefix: string, signature: FailureSignature | undefined, lines: readonly Line[]): ((index: number) => Case) => {
    return (index) => {
      const built = session(`${prefix}-${index}`, [`user: ${words.join(" ")} ${prefix}`, ...lines, "agent: settled"], {
        user: `${prefix} ${index}`,
      });
      return { session: built, outcome: failed(built, signature) };
    };
  };
  const error = (text: string): { readonly signature: FailureSignature; readonly lines: readonly Line[] } => ({
    signature: { rule: "tool-error", tool: "add_baggage", template: text },
    lines: [{ tool: "add_baggage", error: text }],
  });
  const [first, second] = [error("Error: quota"), error("Error: refused")];
  const others = times(60, failing("other", { rule: "loop", tool: "search" }));

  test("merge when they are large enough to have words, and keep only what both show", () => {
    const cases = [
      ...times(10, about("one", first.signature, first.lines)),
      ...times(9, about("two", second.signature, second.lines)),
      ...others,
    ];
    const merged = clustersOf(cases).find((one) => one.members.length === 19);
    expect(merged).toMatchObject({ title: "add_baggage: Error: quota", signature: { rule: "tool-error", tool: "add_baggage" } });
    expect(merged?.description).toContain("Merged with: add_baggage: Error: refused.");
  });

  test("do not merge when people named them apart", () => {
    const cases = [
      ...times(10, about("one", { rule: "evaluation:tone:failed" }, [])),
      ...times(9, about("two", { rule: "evaluation:facts:failed" }, [])),
      ...others,
    ];
    expect(clustersOf(cases).map((one) => one.members.length)).toEqual([60, 10, 9]);
  });

  test("take in a failure that shows nothing, but carries their words and called their tool", () => {
    const quiet = times(1, about("one", undefined, [{ tool: "add_baggage" }]));
    const stranger = times(1, about("two", undefined, []));
    const cases = [...times(10, about("one-marked", first.signature, first.lines)), ...quiet, ...stranger, ...others];
    const found = clustersOf(cases);
    const group = found.find((one) => one.title === "add_baggage: Error: quota");
    expect(group?.members).toContain("one-0");
    expect(group?.members).not.toContain("two-0");
    expect(group?.description).toContain("10 sessions show this mark; 1 more were added by their words.");
  });
});

describe("failures that show nothing", () => {
  const books: Line = { tool: "book_flight" };
  const cancels: Line = { tool: "cancel_flight" };

  test("are called just that, and never a cause", () => {
    const cases = [...times(6, failing("hidden", undefined)), ...times(6, passing("fine"))];
    expect(clustersOf(cases)).toMatchObject([
      {
        title: "no visible error (6)",
        nature: "no-visible-error",
        cause: "unknown",
        description: expect.stringContaining("nothing in them shows why") as string,
      },
    ]);
    expect(clustersOf(cases)[0]?.signature).toBeUndefined();
  });

  test("are split by what they wrote; it is a cause where passing sessions lack it", () => {
    const cases = [
      ...times(12, failing("booked", undefined, [books])),
      ...times(5, failing("cancelled", undefined, [cancels])),
      ...times(2, failing("odd", undefined, [books, cancels])),
      ...times(2, passing("booked-fine", [books])),
      ...times(20, passing("cancelled-fine", [cancels])),
    ];
    expect(clustersOf(cases).map((one) => [one.title, one.nature])).toEqual([
      ["failed after book_flight", "cause"],
      ["failed after cancel_flight", "no-visible-error"],
      ["no visible error (2)", "no-visible-error"],
    ]);
  });

  test("one person's many sessions prove nothing", () => {
    const mine = times(12, failing("booked", undefined, [books])).map((made) => ({
      ...made,
      session: { ...made.session, ...(made.session.user === undefined ? {} : { user: "sha256:me" as NonNullable<Session["user"]> }) },
    }));
    const found = clustersOf([...mine, ...times(20, passing("fine", [cancels]))]);
    expect(found.map((one) => one.nature)).toEqual(["no-visible-error"]);
  });

  test("are split by a word that passing sessions lack", () => {
    const about = (prefix: string, word: string, make: (of: Session) => Outcome): ((index: number) => Case) => {
      return (index) => {
        const subject = subjects[index % subjects.length] ?? "";
        const built = session(`${prefix}-${index}`, [`user: a question on ${word} for my ${subject}`, "agent: settled"], {
          user: `${prefix} ${index}`,
        });
        return { session: built, outcome: make(built) };
      };
    };
    const cases = [
      ...times(
        10,
        about("visa", "visas", (of) => failed(of)),
      ),
      ...times(
        3,
        about("bad", "meals", (of) => failed(of)),
      ),
      ...times(20, about("good", "meals", succeeded)),
    ];
    expect(clustersOf(cases).map((one) => [one.title, one.nature, one.members.length])).toEqual([
      ['failed where there is talk of "visas"', "cause", 10],
      ["no visible error (3)", "no-visible-error", 3],
    ]);
  });

  test("are left alone where they are a small part", () => {
    const cases = [
      ...times(30, failing("policy", evaluator)),
      ...times(5, failing("booked", undefined, [books])),
      ...times(20, passing("fine")),
    ];
    expect(clustersOf(cases).map((one) => one.title)).toEqual(["refund policy: failed", "no visible error (5)"]);
  });

  test("no name of a person gets into a title or a description", () => {
    const cases = times(9, (index) => {
      const built = session(`s-${index}`, ["user: I am Kevin and want a refund", books, "agent: Goodbye Kevin"], { user: `u ${index}` });
      return { session: built, outcome: failed(built) };
    });
    const found = clustersOf([...cases, ...times(60, passing("fine", [cancels]))]);
    expect(found).toHaveLength(1);
    expect(`${found[0]?.title} ${found[0]?.description}`).toContain("refund");
    expect(`${found[0]?.title} ${found[0]?.description}`.toLowerCase()).not.toContain("kevin");
  });

  test("a word that one person uses again and again stays that person's", () => {
    const said = (user: (index: number) => string): string => {
      const cases = times(9, (index) => {
        const built = session(`s-${index}`, ["user: my grandmother wants a refund", "agent: settled"], { user: user(index) });
        return { session: built, outcome: failed(built) };
      });
      return clustersOf([...cases, ...times(60, passing("fine"))])[0]?.description ?? "";
    };
    expect(said((index) => `user ${index}`)).toContain("grandmother");
    expect(said((index) => `user ${index % 2}`)).not.toContain("grandmother");
  });
});

describe("a cluster", () => {
  test("counts, dates and shows its members", () => {
    const cases = [...times(12, failing("policy", evaluator)), ...times(3, passing("fine"))];
    const [found] = clustersOf(cases.toReversed());
    expect(found).toMatchObject({
      origin: "found",
      users: 12,
      sessionsInWindow: 15,
      from: "2026-01-05T08:00:00.000Z",
      to: "2026-01-05T08:11:00.000Z",
      cause: "unknown",
    });
    expect(found?.members).toEqual(found?.members.toSorted());
    expect(found?.exemplars).toHaveLength(8);
    expect(found?.instructions).toHaveLength(1);
  });

  test("is the same whatever the order of sessions and outcomes", () => {
    const cases = [
      ...times(12, failing("policy", evaluator)),
      ...times(9, failing("hidden", undefined, [{ tool: "book_flight" }])),
      ...times(9, passing("fine")),
    ];
    expect(clustersOf(cases.toReversed())).toEqual(clustersOf(cases));
  });
});

describe("ids", () => {
  const policy = times(10, failing("policy", evaluator));
  const idOf = (clusters: readonly FailureCluster[], title: string): string | undefined =>
    clusters.find((one) => one.title.startsWith(title))?.id;

  test("stay when sessions are added", () => {
    const before = clustersOf(policy.slice(0, 9));
    expect(clustersOf(policy, before)[0]?.id).toBe(before[0]?.id);
  });

  test("stay when the error's text changes, by the members", () => {
    const named = (text: string): readonly Case[] =>
      times(6, failing("refund", { rule: "tool-error", tool: "issue_refund", template: text }, [{ tool: "issue_refund", error: text }]));
    const before = clustersOf(named("Error: not paid"));
    const after = clustersOf(named("Error: unpaid"), before);
    expect(after[0]?.id).toBe(before[0]?.id);
    expect(clustersOf(named("Error: unpaid"))[0]?.id).not.toBe(before[0]?.id);
  });

  test("stay when all sessions are new, by the words", () => {
    const about = (prefix: string, template: string): readonly Case[] => [
      ...times(10, (index) => {
        const built = session(`${prefix}-${index}`, ["user: overweight baggage surcharge terminal allowance", "agent: settled"], {
          user: `${prefix} ${index}`,
        });
        return { session: built, outcome: failed(built, { rule: "tool-error", tool: "add_baggage", template }) };
      }),
      ...times(30, passing(`${prefix}-fine`)),
    ];
    const before = clustersOf(about("march", "Error: quota"));
    expect(clustersOf(about("april", "Error: limit"), before)[0]?.id).toBe(before[0]?.id);
  });

  test("of a cluster that falls apart go to its largest part; the other gets one that nobody had", () => {
    const whole = clustersOf(times(10, failing("refund", { rule: "tool-error", tool: "issue_refund", template: "Error" })));
    const part = (template: string): ((index: number) => Case) => failing("refund", { rule: "tool-error", tool: "issue_refund", template });
    const parts = clustersOf([...times(10, part("Error: a")).slice(0, 6), ...times(10, part("Error: b")).slice(6)], whole);
    expect(idOf(parts, "issue_refund: Error: a")).toBe(whole[0]?.id);
    expect(new Set([...parts, ...whole].map((one) => one.id)).size).toBe(2);
  });

  test("of what shows nothing never pass to a cause", () => {
    const hidden = clustersOf(times(6, failing("x", undefined)));
    const seen = clustersOf(times(6, failing("x", evaluator)), hidden);
    expect(seen[0]?.id).not.toBe(hidden[0]?.id);
  });

  test("of labelled clusters are never taken", () => {
    const before = clustersOf(policy).map((one) => ({ ...one, id: "mine" as FailureCluster["id"], origin: "labelled" as const }));
    expect(clustersOf(policy, before)[0]?.id).not.toBe("mine");
  });

  test("that another cluster had are not used again", () => {
    const [found] = clustersOf(policy);
    if (found === undefined) throw new Error("expected a cluster");
    const { signature: _signature, ...bare } = found;
    const gone: FailureCluster = { ...bare, nature: "infrastructure", members: [], profile: [] };
    expect(clustersOf(policy, [gone])[0]?.id).toBe(`${found.id}-2`);
  });
});
