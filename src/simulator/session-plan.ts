import { type Random, seededRandom } from "../domain/random.ts";
import type { Kind, Scenario, ValueSource } from "./scenario.ts";
import { fill, type Values } from "./templates.ts";

/** One session as the simulation plans it: who, of what kind, with which values. */
export interface PlannedSession {
  readonly id: string;
  readonly user: string;
  readonly kind: Kind;
  readonly values: Values;
  /** The user's turns in order. */
  readonly turns: readonly string[];
}

/** The sessions of a scenario under a seed, in order; `count` of them, by default as many as the scenario says. Users come back in turn. */
export function planSessions(scenario: Scenario, seed: number, count = scenario.sessions.count): readonly PlannedSession[] {
  return Array.from({ length: count }, (_, index) => {
    const random = seededRandom(seed, scenario.name, "session", String(index));
    const kind = chooseKind(scenario.kinds, random);
    const values = drawValues(kind, scenario, random);
    const opening = kind.opening[Math.floor(random() * kind.opening.length)] ?? "";
    const user = `user-${1 + (index % scenario.sessions.users)}`;
    const id = `${kind.name}-${String(index + 1).padStart(4, "0")}`;
    return { id, user, kind, values, turns: [opening, ...kind.followUps].map((turn) => fill(turn, values)) };
  });
}

function chooseKind(kinds: readonly Kind[], random: Random): Kind {
  const total = kinds.reduce((sum, kind) => sum + kind.weight, 0);
  let left = random() * total;
  for (const kind of kinds) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  const last = kinds.at(-1);
  if (last === undefined) throw new Error("a scenario has at least one kind of session");
  return last;
}

/** What differs from session to session, drawn in the kind's order; a row's fields come along. */
export function drawValues(kind: Kind, scenario: Pick<Scenario, "world">, random: Random): Values {
  const values: Record<string, string | number> = {};
  for (const [name, source] of Object.entries(kind.values)) Object.assign(values, drawValue(name, source, scenario, random));
  return values;
}

function drawValue(name: string, source: ValueSource, scenario: Pick<Scenario, "world">, random: Random): Values {
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
  if ("pattern" in source) return { [name]: source.pattern.replace(/#/g, () => String(Math.floor(random() * 10))) };
  if ("choose" in source) return { [name]: pick(source.choose) ?? "" };
  if ("whole" in source) return { [name]: source.whole[0] + Math.floor(random() * (source.whole[1] - source.whole[0] + 1)) };
  const rows = Object.entries(scenario.world.tables[source.record] ?? {});
  const [key = "", row = {}] = pick(rows) ?? [];
  const scalars = Object.entries(row).filter(
    (entry): entry is [string, string | number] => typeof entry[1] === "string" || typeof entry[1] === "number",
  );
  return { [name]: key, ...Object.fromEntries(scalars) };
}
