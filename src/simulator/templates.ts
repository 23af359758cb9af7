import type { Json } from "../domain/ids.ts";

export type Values = Readonly<Record<string, string | number>>;

/** Names with dots (`get_order.category`) reach into a tool's last answer. */
const slot = /\{([A-Za-z_][\w.-]*)\}/g;

/** The names in a template's {slots}, in order. */
export const slotsOf = (template: string): readonly string[] => [...template.matchAll(slot)].map((match) => match[1] ?? "");

/** The names in the {slots} of JSON at every depth. */
export function slotsInJson(template: Json): readonly string[] {
  if (typeof template === "string") return slotsOf(template);
  if (template === null || typeof template !== "object") return [];
  return Object.values(template).flatMap((value) => slotsInJson(value));
}

const valueOf = (values: Values, name: string): string | number => (Object.hasOwn(values, name) ? (values[name] ?? "unknown") : "unknown");

/** A text with its {slots} filled; unknown ones become `unknown`, as a model would rather say something. */
export const fill = (template: string, values: Values): string =>
  template.replace(slot, (_whole, name: string) => String(valueOf(values, name)));

/** JSON with {slots} filled at every depth. A text that is one slot alone takes the value's own type. */
export function fillJson(template: Json, values: Values): Json {
  if (typeof template === "string") {
    const only = /^\{([A-Za-z_][\w.-]*)\}$/.exec(template)?.[1];
    return only === undefined ? fill(template, values) : valueOf(values, only);
  }
  if (Array.isArray(template)) return template.map((item: Json) => fillJson(item, values));
  if (template === null || typeof template !== "object") return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fillJson(value, values)]));
}

const longestValue = 200;

/**
 * Reads the values back out of a text that a template made; `undefined` when it did not make it. Each value is as short as it can be. The work
 * grows with length times slots and no faster, whatever the text.
 */
export function readBack(template: string, text: string): Values | undefined {
  const pieces = template.split(slot);
  const literals = pieces.filter((_, index) => index % 2 === 0);
  const names = pieces.filter((_, index) => index % 2 === 1);
  const whole = text.trim();
  const [head = "", ...rest] = literals;
  if (!whole.startsWith(head)) return undefined;
  const found = readSlots(whole, head.length, rest);
  return found === undefined ? undefined : Object.fromEntries(names.map((name, index) => [name, found[index] ?? ""]));
}

/** The values of the slots that stand before each of these literals, from a position on to the end of the text. */
function readSlots(text: string, start: number, literals: readonly string[]): readonly string[] | undefined {
  const hopeless = new Set<string>();
  const read = (position: number, slots: number): readonly string[] | undefined => {
    const literal = literals[slots];
    if (literal === undefined) return position === text.length ? [] : undefined;
    const key = `${position} ${slots}`;
    if (hopeless.has(key)) return undefined;
    for (let end = position + 1; end <= Math.min(text.length, position + longestValue); end += 1) {
      if (!text.startsWith(literal, end)) continue;
      const rest = read(end + literal.length, slots + 1);
      if (rest !== undefined) return [text.slice(position, end), ...rest];
    }
    hopeless.add(key);
    return undefined;
  };
  return read(start, 0);
}
