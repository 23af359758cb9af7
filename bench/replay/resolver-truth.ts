import { canonicalJson } from "../../src/domain/digest.ts";
import type { Json } from "../../src/domain/ids.ts";
import { seededRandom } from "../../src/domain/random.ts";
import { effectOf } from "../../src/domain/tool-effect.ts";
import { recordedWorld } from "../../src/stages/replay.ts";
import { callShop, recordShop, type ShopSession, shopUsers, someCalls } from "./toy-shop.ts";

/** How recorded answers compare with what the shop would have answered. */
export interface ResolverTruth {
  readonly calls: number;
  /** Calls answered from a recording: exact, canonical or corpus. */
  readonly grounded: number;
  /** Reads of those whose answer is the shop's. */
  readonly right: number;
  readonly reads: number;
  /** Reads served although this replay's own writes had changed the answer. */
  readonly stale: number;
  /** Answers that hold another user's name or order. */
  readonly crossPerson: number;
}

/**
 * Replays every recorded session of the shop with other calls than were recorded (some of them in common) and holds each answer from a
 * recording against the shop itself.
 */
export function resolverTruth(seed: number, options: { readonly sessions: number; readonly knownUsers: boolean }): ResolverTruth {
  const recorded = recordShop(seed, options.sessions, options);
  const corpus = recorded.map((one) => one.session);
  const sum = { calls: 0, grounded: 0, right: 0, reads: 0, stale: 0, crossPerson: 0 };
  for (const one of recorded) {
    const counted = replayOthers(one, corpus, seed);
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += counted[key];
  }
  return sum;
}

function replayOthers(one: ShopSession, corpus: readonly ShopSession["session"][], seed: number): ResolverTruth {
  const world = recordedWorld({ session: one.session, corpus, effects: noEffects });
  const random = seededRandom(seed, "replay", one.session.id);
  const counted = { calls: 0, grounded: 0, right: 0, reads: 0, stale: 0, crossPerson: 0 };
  let state = one.start;
  for (const call of someCalls(random, one.user, 8)) {
    const truth = callShop(state, one.user, call);
    const atStart = callShop(one.start, one.user, call).output;
    const answer = world.answer(call.tool, call.input);
    counted.calls += 1;
    if (answer.tier === "refused") continue;
    state = truth.state;
    if (holdsOthers(answer.output, one.user)) counted.crossPerson += 1;
    if (!["exact", "canonical", "corpus"].includes(answer.tier)) continue;
    counted.grounded += 1;
    if (effectOf(call.tool, {}) === "write") continue;
    counted.reads += 1;
    if (same(answer.output, truth.output)) counted.right += 1;
    else if (!same(atStart, truth.output)) counted.stale += 1;
  }
  return counted;
}

const noEffects = {};
const same = (left: Json, right: Json): boolean => canonicalJson(left) === canonicalJson(right);

/** Whether a text of another user's stands in an answer. Orders are named so that they tell whose they are. */
function holdsOthers(output: Json, user: string): boolean {
  const text = canonicalJson(output);
  return shopUsers.some(
    (other, index) =>
      other !== user &&
      (text.includes(`"${other}"`) || text.includes(`ORD-${1000 + index * 10}`) || text.includes(`ORD-${1001 + index * 10}`)),
  );
}
