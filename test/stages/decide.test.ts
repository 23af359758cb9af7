import { describe, expect, test } from "vitest";
import { digest, type Digest, sessionId } from "../../src/domain/ids.ts";
import { noUsage } from "../../src/domain/message.ts";
import type { ArmRecord, Pair, ReplayOutcome } from "../../src/domain/replay.ts";
import { type DecisionPlan, defaultPlan, planFor } from "../../src/domain/verdict.ts";
import { acceptBoundary, decide } from "../../src/stages/decide.ts";
import { BettingProcess, confidenceSequence, controlBets, lowerBound, mixtureBets } from "../../src/stages/decide/betting.ts";
import { conditionalPower, signTestBoundary } from "../../src/stages/decide/sign-test.ts";

const show = (boundary: readonly number[]): string =>
  boundary.flatMap((count, index) => (count <= index + 1 ? [`${index + 1}:${count}`] : [])).join(" ");

describe("the boundary of the sequential sign test", () => {
  test.each([
    [{ alpha: 0.05, maximumDiscordant: 20, theta0: 0.5 }, "7:7 8:8 9:8 10:9 11:10 12:11 13:11 14:12 15:12 16:13 17:13 18:14 19:15 20:15"],
    [
      { alpha: 0.05, maximumDiscordant: 30, theta0: 0.5 },
      "7:7 8:8 9:9 10:9 11:10 12:11 13:11 14:12 15:13 16:13 17:14 18:14 19:15 20:16 21:16 22:17 23:17 24:18 25:19 26:19 27:20 28:20 29:21 30:21",
    ],
  ])("is the published one for %o", (settings, expected) => {
    expect(show(signTestBoundary(settings))).toBe(expected);
  });

  test("is the published one for four candidates and for the guard band", () => {
    expect(show(signTestBoundary({ alpha: 0.0125, maximumDiscordant: 36, theta0: 0.5 }))).toMatch(
      /^9:9 10:10 11:11 12:11 13:12 14:13 15:14 16:14 17:15 18:16 19:16 20:17 .* 36:27$/,
    );
    expect(show(signTestBoundary({ alpha: 0.05, maximumDiscordant: 23, theta0: 0.57 }))).toMatch(
      /^8:8 9:9 10:10 11:10 12:11 13:12 14:13 15:13 16:14 .* 23:19$/,
    );
  });

  test("stops for futility at the published counts", () => {
    const boundary = signTestBoundary({ alpha: 0.05, maximumDiscordant: 20, theta0: 0.5 });
    const power = conditionalPower(boundary, 0.8);
    const last = (m: number): number =>
      (power[m] ?? []).findLastIndex((value, s) => s <= m && value < 0.2 && (power[m] ?? []).slice(0, s + 1).every((one) => one < 0.2));
    expect([4, 8, 12, 16, 20].map((m) => `${m}:${last(m)}`).join(" ")).toBe("4:0 8:3 12:7 16:10 20:14");
  });
});

describe("the betting processes", () => {
  test("bet on controls as published", () => {
    const round = (bets: readonly number[]): readonly number[] => bets.map((bet) => Math.round(bet * 100) / 100);
    expect(round(controlBets(0.05))).toEqual([0.95, 0.71, 0.43, 0.24]);
    expect(round(controlBets(0.1))).toEqual([1.06, 0.91, 0.68, 0.45]);
  });

  test("give the published confidence sequences", () => {
    const data = (plus: number, zero: number, minus: number): readonly number[] => [
      ...Array<number>(plus).fill(1),
      ...Array<number>(zero).fill(0),
      ...Array<number>(minus).fill(-1),
    ];
    expect(confidenceSequence(data(8, 11, 1), 0.05)).toEqual([-0.08, 0.7]);
    expect(confidenceSequence(data(25, 70, 5), 0.05)).toEqual([0.05, 0.36]);
    expect(confidenceSequence(data(3, 124, 3), 0.05)).toEqual([-0.07, 0.07]);
    expect(confidenceSequence([], 0.05)).toEqual([-1, 1]);
  });

  test("find the same end of the confidence sequence as a walk over the whole grid", () => {
    for (const [plus, zero, minus] of [
      [0, 0, 5],
      [3, 0, 0],
      [8, 11, 1],
      [2, 30, 9],
    ] as const) {
      const all = [...Array<number>(plus).fill(1), ...Array<number>(zero).fill(0), ...Array<number>(minus).fill(-1)];
      let stands = -99;
      const wealth = (mean: number): number => {
        const process = new BettingProcess(mixtureBets(mean), mean);
        for (const one of all) process.add(one);
        return process.value;
      };
      while (stands < 100 && wealth(stands / 100) >= 40) stands += 1;
      expect(lowerBound(all, 1 / 40)).toBe(plus + zero === 0 ? -1 : stands / 100);
    }
  });

  test("reach 20 after 37 quiet controls at a margin of ten, as published", () => {
    const process = new BettingProcess(controlBets(0.1), -0.1);
    let count = 0;
    while (process.value < 20) {
      process.add(0);
      count += 1;
    }
    expect(count).toBe(37);
  });
});

const arm = (outcome: ReplayOutcome): ArmRecord => ({
  outcome,
  decidedBy: "rules",
  ended: "finished",
  tiers: { exact: 0, canonical: 0, corpus: 0, shape: 0, nearest: 0, simulated: 0, refused: 0 },
  modelCalls: 1,
  usage: noUsage,
  seed: 1,
  config: digest("sha256:00"),
});

/** `+` fixed, `-` broken, `=` passed twice, `.` failed twice, `?` after inconclusive, `x` dropped. */
function pairs(pattern: string, group: Pair["group"], candidate: Digest = a): readonly Pair[] {
  const arms: Readonly<Record<string, readonly [ReplayOutcome, ReplayOutcome]>> = {
    "+": ["failed", "passed"],
    "-": ["passed", "failed"],
    "=": ["passed", "passed"],
    ".": ["failed", "failed"],
    "?": ["passed", "inconclusive"],
    x: ["failed", "passed"],
  };
  return Array.from(pattern).map((sign, index) => {
    const [before = "failed", after = "failed"] = arms[sign] ?? [];
    return {
      sessionId: sessionId(`${group}-${index}`),
      index,
      group,
      candidate,
      before: arm(before),
      after: arm(after),
      ...(sign === "x" ? { dropped: "lost" } : {}),
    };
  });
}

const a = digest("sha256:aa");
const b = digest("sha256:bb");
const plan: DecisionPlan = planFor(defaultPlan, 1);
const ask = (all: readonly Pair[], changes: Partial<Parameters<typeof decide>[0]> = {}): ReturnType<typeof decide> =>
  decide({ plan, candidates: [a], pairs: all, available: { failing: 60, control: 150 }, traffic: { failingShare: 0.25 }, ...changes });
const verdict = (decision: ReturnType<typeof decide>, index = 0): string =>
  decision.state === "decided" ? (decision.verdicts[index]?.result ?? "none") : `${decision.group} ${decision.index}`;

describe("candidates of equal rank", () => {
  const preferring = (all: readonly Pair[], preferred: -1 | 0 | 1): readonly Pair[] =>
    all.map((pair) => ({ ...pair, pairwise: { preferred, usage: noUsage } }));
  const racing = planFor({ ...defaultPlan, halving: [{ after: 4, keep: 1 }] }, 2);
  const kept = (all: readonly Pair[]): string => {
    const decision = ask(all, { plan: racing, candidates: [a, b] });
    return decision.state === "undecided" ? decision.alive.join() : "decided";
  };

  test("are told apart by the conversations that a model prefers, else by the drafter's order", () => {
    expect(kept([...pairs("+...", "failing", a), ...pairs("+...", "failing", b)])).toBe(a);
    expect(kept([...pairs("+...", "failing", a), ...preferring(pairs("+...", "failing", b), 1)])).toBe(b);
    expect(kept([...preferring(pairs("+...", "failing", a), 1), ...preferring(pairs("+...", "failing", b), -1)])).toBe(a);
  });

  test("alone: one session fixed outweighs every preference", () => {
    expect(kept([...pairs("++..", "failing", a), ...preferring(pairs("+...", "failing", b), 1)])).toBe(a);
  });
});

describe("the decision", () => {
  test("asks for failing sessions first, in index order, whatever has arrived", () => {
    const all = pairs("+++", "failing");
    expect(verdict(ask([]))).toBe("failing 0");
    expect(verdict(ask(all))).toBe("failing 3");
    expect(verdict(ask(all.filter((pair) => pair.index !== 1)))).toBe("failing 1");
  });

  test("asks for controls once the boundary is crossed, and accepts when both tests are passed", () => {
    expect(verdict(ask(pairs("+++++++", "failing")))).toBe("control 0");
    const decision = ask([...pairs("+++++++", "failing"), ...pairs("=".repeat(37), "control")]);
    expect(decision).toMatchObject({ state: "decided", winner: a });
    expect(verdict(decision)).toBe("improves");
    expect(decision.state === "decided" && decision.verdicts[0]?.controlBound).toBeLessThanOrEqual(0.1);
  });

  test("does not change its mind when more pairs arrive than it needed", () => {
    const enough = [...pairs("+++++++", "failing"), ...pairs("=".repeat(37), "control")];
    const more = [...pairs(`+++++++${"-".repeat(20)}`, "failing"), ...pairs(`${"=".repeat(37)}${"-".repeat(50)}`, "control")];
    expect(ask(more)).toEqual(ask(enough));
  });

  test("does not depend on the order in which pairs arrive", () => {
    const all = [...pairs("+.+=+-+++++", "failing"), ...pairs("=".repeat(60), "control")];
    expect(ask(all.toReversed())).toEqual(ask(all));
  });

  test("calls an edit harmful that fixes the cluster and breaks what works", () => {
    expect(verdict(ask([...pairs("+++++++", "failing"), ...pairs("-".repeat(40), "control")]))).toBe("harms");
  });

  test("is inconclusive, and says how many working sessions are missing, when there are too few", () => {
    const decision = ask([...pairs("+++++++", "failing"), ...pairs("=".repeat(10), "control")], {
      available: { failing: 60, control: 10 },
    });
    expect(verdict(decision)).toBe("inconclusive");
    expect(decision.state === "decided" && decision.verdicts[0]?.why).toMatch(/About \d+ more working sessions are needed/);
  });

  test("gives up early on an edit that does nothing", () => {
    const decision = ask(pairs(".".repeat(60), "failing"));
    expect(verdict(decision)).toBe("no-evidence");
    expect(decision.state === "decided" && decision.verdicts[0]?.failing.pairs).toBeLessThan(60);
  });

  test("counts an inconclusive replay at its worst, and a lost pair not at all", () => {
    expect(verdict(ask(pairs("+++++++", "failing")))).toBe("control 0");
    expect(verdict(ask(pairs("++++++?", "failing")))).toBe("failing 7");
    expect(verdict(ask(pairs("++++++x", "failing")))).toBe("failing 7");
    expect(verdict(ask(pairs("++++++x+", "failing")))).toBe("control 0");
  });

  test("says that more sessions may decide when the failing ones are used up", () => {
    expect(verdict(ask(pairs("+.+.+.", "failing"), { available: { failing: 6, control: 150 } }))).toBe("inconclusive");
  });

  test("stops before replaying sessions that could no longer bring it over the boundary", () => {
    const short = { available: { failing: 8, control: 150 } };
    expect(verdict(ask([], short))).toBe("failing 0");
    expect(verdict(ask(pairs(".", "failing"), short))).toBe("failing 1");
    const decision = ask(pairs("..", "failing"), short);
    expect(verdict(decision)).toBe("inconclusive");
    expect(decision.state === "decided" && decision.verdicts[0]?.why).toMatch(/are too few: 0 fixed .* the 6 left could not have reached/);
    const capped = ask(pairs("..", "failing"), { ...short, plan: { ...plan, failingCap: 8 } });
    expect(verdict(capped)).toBe("no-evidence");
  });

  test("looks at a stratified order only where the plan says", () => {
    const looks = { plan: { ...plan, looks: [3, 6, 9, 12] } };
    expect(verdict(ask(pairs("+++++++", "failing"), looks))).toBe("failing 7");
    expect(verdict(ask(pairs("++++++++", "failing"), looks))).toBe("failing 8");
    expect(verdict(ask(pairs("+++++++++", "failing"), looks))).toBe("control 0");
    // Ahead at seven, no longer at nine.
    expect(verdict(ask(pairs("+++++++--", "failing"), looks))).toBe("failing 9");
  });

  test("says what all traffic gains with both parts at 97.5 per cent, so that both hold together with 95", () => {
    const decision = ask([...pairs("+++++++", "failing"), ...pairs("=".repeat(37), "control")]);
    const data = { plus: Array<number>(7).fill(1), zero: Array<number>(37).fill(0) };
    const [failing, control] = [confidenceSequence(data.plus, 0.025), confidenceSequence(data.zero, 0.025)];
    const expected = [0.25 * failing[0] + 0.75 * control[0], 0.25 * failing[1] + 0.75 * control[1]];
    const [low = 0, high = 0] = (decision.state === "decided" && decision.verdicts[0]?.netEffect) || [];
    expect([low, high]).toEqual(expected.map((one) => expect.closeTo(one, 4)));
  });

  test("keeps the distance between the null share and the futility rule's alternative", () => {
    const guarded = planFor({ ...defaultPlan, theta0: 0.7 }, 4);
    expect(guarded.theta1).toBeCloseTo(0.88, 6);
    expect(planFor({ ...defaultPlan, theta0: 0.57 }, 1)).toMatchObject({ maximumDiscordant: 23, theta1: 0.828 });
    expect(planFor(defaultPlan, 1)).toMatchObject({ maximumDiscordant: 20, theta1: 0.8 });
    const strong = Array<string>(24).fill("+").join("");
    expect(verdict(ask(pairs(strong, "failing"), { plan: planFor({ ...defaultPlan, theta0: 0.7 }, 1) }))).toBe("control 0");
  });

  test("halves the field after eight sessions and never looks at those who left", () => {
    const four = planFor(defaultPlan, 4);
    const names = [a, b, digest("sha256:cc"), digest("sha256:dd")];
    const racing = names.flatMap((name, index) => pairs(index === 0 ? "++++++++" : "........", "failing", name));
    const decision = decide({
      plan: four,
      candidates: names,
      pairs: racing,
      available: { failing: 60, control: 150 },
      traffic: { failingShare: 0.2 },
    });
    expect(decision).toMatchObject({ state: "undecided", group: "failing", index: 8 });
    expect(decision.state === "undecided" && decision.alive).toHaveLength(2);
    expect(decision.state === "undecided" && decision.alive[0]).toBe(a);
  });

  test("needs more from each of four candidates than from one alone", () => {
    expect(acceptBoundary(planFor(defaultPlan, 4))[6]).toBe(8);
    expect(acceptBoundary(planFor(defaultPlan, 1))[6]).toBe(7);
  });
});
