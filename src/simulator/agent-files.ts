import { parse } from "yaml";
import { z } from "zod";
import type { ToolDefinition } from "../domain/message.ts";
import type { AgentConfig } from "../domain/session.ts";
import type { Scenario } from "./scenario.ts";

const definitions = z.union([
  z.array(z.object({ name: z.string(), description: z.string(), parameters: z.record(z.string(), z.json()) })),
  z
    .object({ tools: z.array(z.object({ name: z.string(), description: z.string(), parameters: z.record(z.string(), z.json()) })) })
    .transform((file) => file.tools),
]);

/** The tools of an agent's definition file. Throws when it is none. */
export function readTools(text: string): readonly ToolDefinition[] {
  const parsed = definitions.safeParse(parse(text));
  if (!parsed.success) throw new Error("the file holds no list of tools with name, description and parameters");
  return parsed.data.map(({ description, name, parameters }) => ({ name, description: description.trim(), parameters }));
}

/** The configuration that the sample agent runs with: its files as they are, variables filled in. */
export function agentConfigOf(scenario: Scenario): AgentConfig {
  const { agent, files } = scenario;
  const template = files[agent.prompt] ?? "";
  const instructions = template.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => agent.variables[name] ?? whole);
  return {
    provider: agent.provider,
    model: agent.model,
    instructions,
    tools: readTools(files[agent.tools] ?? "[]"),
    parameters: agent.parameters,
  };
}
