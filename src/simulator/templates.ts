import type { Json } from "../domain/ids.ts";

export type Values = Readonly<Record<string, string | number>>;

/** Names with dots (`get_order.category`) reach into a tool's last answer. */
const slot = /\{([A-Za-z_][\w.-]*)\}/g;

/** A text with its {slots} filled; unknown ones become `unknown`, as a model would rather say something. */
export const fill = (template: string, values: Values): string =>
  template.replace(slot, (_whole, name: string) => String(values[name] ?? "unknown"));

/** JSON with {slots} filled at every depth. A text that is one slot alone takes the value's own type. */
export function fillJson(template: Json, values: Values): Json {
  if (typeof template === "string") {
    const only = /^\{([A-Za-z_][\w.-]*)\}$/.exec(template)?.[1];
    return only === undefined ? fill(template, values) : (values[only] ?? "unknown");
  }
  if (Array.isArray(template)) return template.map((item: Json) => fillJson(item, values));
  if (template === null || typeof template !== "object") return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fillJson(value, values)]));
}

const escaped = (text: string): string => text.replace(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);

/** Reads the values back out of a text that a template made; `undefined` when it did not make it. */
export function readBack(template: string, text: string): Values | undefined {
  const names: string[] = [];
  const source = template.split(slot).map((piece, index) => {
    if (index % 2 === 0) return escaped(piece);
    names.push(piece);
    return "(.{1,200}?)";
  });
  const match = new RegExp(`^${source.join("")}$`, "s").exec(text.trim());
  if (match === null) return undefined;
  return Object.fromEntries(names.map((name, index) => [name, match[index + 1] ?? ""]));
}
