import { asJson, canonicalJson, digestOfJson } from "../domain/digest.ts";
import type { Json } from "../domain/ids.ts";
import { type Message, textMessage, textOf, toolRequests } from "../domain/message.ts";
import { seededRandom } from "../domain/random.ts";
import type { ModelRequest } from "../ports/model-client.ts";
import { holds, parametersOf } from "./predicates.ts";
import type { Kind, Scenario, Step } from "./scenario.ts";
import { fill, fillJson, readBack, type Values } from "./templates.ts";

/** What the agent understood of a conversation: its kind, and the values in the user's first words with what it knows of them. */
export interface Understood {
  readonly kind: Kind;
  readonly values: Values;
}

/** The next message of the simulated agent. Everything it knows stands in the request: no channel behind it. */
export function agentReply(scenario: Scenario, seed: number, request: ModelRequest): Message {
  const first = request.messages.find((message) => message.role === "user");
  const opening = first === undefined ? "" : textOf(first);
  const understood = understand(scenario, opening);
  if (understood === undefined) return textMessage("assistant", "How can I help you?");
  const steps = understood.kind.scripts[chooseScript(scenario, seed, { request, opening, kind: understood.kind })] ?? [];
  const done = request.messages.filter((message) => message.role === "assistant").length;
  const step = steps[done];
  if (step === undefined) return textMessage("assistant", "Is there anything else I can do for you?");
  // A model can call only what the request offers.
  if ("call" in step && !(request.tools ?? []).some((tool) => tool.name === step.call))
    return textMessage("assistant", "I am sorry, I have no way to do that here.");
  return play(step, { ...understood.values, ...answersSoFar(request.messages) }, done);
}

/** The first kind, in the scenario's order, one of whose openings made these words. */
export function understand(scenario: Scenario, opening: string): Understood | undefined {
  for (const kind of scenario.kinds) {
    for (const template of kind.opening) {
      const values = readBack(template, opening);
      if (values !== undefined) return { kind, values: { ...values, ...knownRows(scenario, kind, values) } };
    }
  }
  return undefined;
}

const rowOf = (scenario: Scenario, table: string, key: string): Readonly<Record<string, Json>> => {
  const rows = scenario.world.tables[table] ?? {};
  return Object.hasOwn(rows, key) ? (rows[key] ?? {}) : {};
};

/** What the agent knows of the things that the user named: the fields of their rows. */
function knownRows(scenario: Scenario, kind: Kind, values: Values): Values {
  const known: Record<string, string | number> = {};
  for (const [name, source] of Object.entries(kind.values)) {
    if (!("record" in source)) continue;
    const row = rowOf(scenario, source.record, String(values[name] ?? ""));
    for (const [field, value] of Object.entries(row)) if (typeof value === "string" || typeof value === "number") known[field] = value;
  }
  return known;
}

interface Draw {
  readonly request: ModelRequest;
  readonly opening: string;
  readonly kind: Kind;
}

/**
 * Which script the agent follows: pass logit = latent ability of the session + effects of the rules that the request satisfies, sampled with
 * noise that depends on the conversation's id and, when `noise` is independent, on what the request says. Each rule with a script has luck of its
 * own, so that with shared noise two requests differ only where their rules do.
 */
export function chooseScript(scenario: Scenario, seed: number, { kind, opening, request }: Draw): string {
  const key = request.conversation ?? "recording";
  const content = scenario.noise === "shared" ? "" : contentOf(request);
  const luck = (what: string): number => seededRandom(seed, scenario.name, what, opening, key, content)();
  const satisfied = kind.rules.filter((rule) => holds(rule.when, request));
  for (const { chance = 1, name, script } of satisfied) if (script !== undefined && luck(`rule ${name}`) < chance) return script;
  const effects = satisfied.reduce((sum, rule) => sum + (rule.effect ?? 0), 0);
  const logit = abilityOf(kind, scenario, seed, opening) + effects;
  return luck("luck") < 1 / (1 + Math.exp(-logit)) ? "pass" : "fail";
}

/** Latent and fixed for a session: the same person with the same problem is as hard every time. */
function abilityOf(kind: Kind, scenario: Scenario, seed: number, opening: string): number {
  const random = seededRandom(seed, scenario.name, "ability", opening);
  // Box–Muller.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return kind.ability + kind.spread * normal;
}

/** What tells the arms apart, the same in process and over HTTP. A request's seed is none of it: it differs from session to session. */
function contentOf(request: ModelRequest): string {
  const { seed: _seed, ...parameters } = parametersOf(request);
  return digestOfJson(asJson({ system: request.system, tools: request.tools ?? [], parameters }));
}

function play(step: Step, values: Values, position: number): Message {
  if ("say" in step) return textMessage("assistant", fill(step.say, values));
  return {
    role: "assistant",
    parts: [{ kind: "tool-request", id: `call_${position + 1}`, tool: step.call, input: fillJson(step.input, values) }],
  };
}

/** Scalar fields of each tool's last answer, as `tool.field`. */
function answersSoFar(messages: readonly Message[]): Values {
  const tools = new Map(messages.flatMap((message) => toolRequests(message)).map((one) => [one.id, one.tool]));
  const values: Record<string, string | number> = {};
  for (const message of messages) {
    for (const part of message.parts) {
      if (part.kind !== "tool-result") continue;
      for (const [field, value] of Object.entries(fieldsOf(part.output)))
        values[`${tools.get(part.id) ?? "tool"}.${field}`] =
          typeof value === "number" ? value : typeof value === "string" ? value : canonicalJson(value);
    }
  }
  return values;
}

function fieldsOf(output: Json): Readonly<Record<string, Json>> {
  const value = typeof output === "string" ? parsed(output) : output;
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Readonly<Record<string, Json>>) : {};
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
