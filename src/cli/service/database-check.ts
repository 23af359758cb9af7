import { type DatabaseFacts, openState, type StatePlace } from "../../compose/state.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { Check } from "../checks.ts";

/** How the database of ledger and jobs is, where there is one: reachable, its version, its schema, its clock. Brings the schema up to date. */
export async function databaseChecks(place: StatePlace): Promise<readonly Check[]> {
  if (place.database === undefined) return [];
  try {
    const state = await openState(place);
    try {
      return (await state.facts?.().then(checksOf)) ?? [];
    } finally {
      await state.close();
    }
  } catch (error) {
    if (!(error instanceof TuneupError)) throw error;
    return [{ name: "database", state: "problem", text: error.message, remedy: error.remedy }];
  }
}

const isHere = (address: string): boolean => /^(?:localhost|127\.|\[::1\])/.test(address);

function checksOf({ address, clockAhead, encrypted, migrations, version }: DatabaseFacts): readonly Check[] {
  const open = encrypted || isHere(address);
  return [
    {
      name: "database",
      state: open ? "ok" : "note",
      text: `PostgreSQL ${version} at ${address}: migrations ${migrations.made} of ${migrations.known}, clocks ${Math.abs(clockAhead)} ms apart${open ? "" : ", not encrypted"}`,
      ...(open ? {} : { remedy: "Add ?sslmode=verify-full to TUNEUP_DATABASE_URL: what agents said travels in the clear." }),
    },
  ];
}
