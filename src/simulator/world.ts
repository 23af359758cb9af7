import type { Json } from "../domain/ids.ts";
import type { Scenario } from "./scenario.ts";
import { fillJson, type Values } from "./templates.ts";

export interface WorldAnswer {
  readonly output: Json;
  readonly isError: boolean;
}

/** What a real tool of the scenario's world answers, while sessions are recorded. Replays never come here. */
export function callTool(scenario: Scenario, tool: string, input: Json, values: Values): WorldAnswer {
  const known = Object.hasOwn(scenario.world.tools, tool) ? scenario.world.tools[tool] : undefined;
  const fields = input !== null && typeof input === "object" && !Array.isArray(input) ? (input as Readonly<Record<string, Json>>) : {};
  if (known === undefined) return { output: `Error: there is no tool ${tool}`, isError: true };
  if (known.table !== undefined) {
    const given = fields[known.by ?? "id"];
    const key = typeof given === "string" || typeof given === "number" ? String(given) : "";
    const rows = scenario.world.tables[known.table] ?? {};
    const row = Object.hasOwn(rows, key) ? rows[key] : undefined;
    return row === undefined ? { output: `Error: nothing found for ${key}`, isError: true } : { output: row, isError: false };
  }
  const scalars = Object.fromEntries(
    Object.entries(fields).filter(
      (entry): entry is [string, string | number] => typeof entry[1] === "string" || typeof entry[1] === "number",
    ),
  );
  return { output: fillJson(known.answer ?? { ok: true }, { ...values, ...scalars }), isError: false };
}
