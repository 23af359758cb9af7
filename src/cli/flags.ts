import { resolve } from "node:path";
import { type House, openHouse, type Places, projectOf } from "../compose.ts";
import type { ProjectId } from "../domain/ids.ts";
import type { CliContext } from "./context.ts";

/** Flags that every command on the data folder has. */
export interface CommonFlags {
  readonly data?: string;
  readonly operator?: string;
  readonly project?: string;
  readonly json?: boolean;
}

const parseText = (text: string): string => text;

const optionalText = (brief: string, placeholder: string) =>
  ({ kind: "parsed", parse: parseText, optional: true, brief, placeholder }) as const;
const optionalSwitch = (brief: string) => ({ kind: "boolean", optional: true, withNegated: false, brief }) as const;

export const flag = { text: optionalText, toggle: optionalSwitch };

export const commonFlags = {
  data: optionalText("Data folder (default: $TUNEUP_DATA or .tuneup)", "folder"),
  operator: optionalText("Operator file (default: $TUNEUP_OPERATOR_FILE or tuneup.operator.yml)", "file"),
  project: optionalText("Trace project (default: the operator file's, else default)", "name"),
  json: optionalSwitch("Print the result as one JSON document on stdout"),
} as const;

export function parseWhole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new SyntaxError(`expected a whole number, not "${text}"`);
}

export function placesOf(context: CliContext, flags: CommonFlags): Places {
  return {
    cwd: context.cwd,
    data: resolve(context.cwd, flags.data ?? context.environment.dataFolder ?? ".tuneup"),
    ...(context.environment.databaseUrl === undefined ? {} : { database: context.environment.databaseUrl }),
    ...(flags.operator === undefined ? {} : { operatorFile: flags.operator }),
  };
}

/** Opens the installation for one command and closes it whatever happens. */
export async function withHouse<T>(
  context: CliContext,
  flags: CommonFlags,
  work: (house: House, project: ProjectId) => Promise<T>,
): Promise<T> {
  const { environment, telemetry, variables } = context;
  const house = await openHouse({
    environment,
    variables,
    places: placesOf(context, flags),
    ...(telemetry === undefined ? {} : { telemetry }),
  });
  try {
    return await work(house, projectOf(flags.project, house.operator));
  } finally {
    await house.close();
  }
}
