import { startSetupServer } from "../app/setup/setup-server.ts";
import { type AppCredentials, checkCredentials } from "../app/webhook-server.ts";
import { setupParts, storedCredentials } from "../compose/app-setup.ts";
import type { Log } from "../ports/runtime.ts";
import type { CliContext } from "./context.ts";

export interface AppPlace {
  readonly data: string;
  readonly port: number;
  readonly host: string;
}

/**
 * The App's credentials from the environment or the data folder. Where there are none the setup page is shown until there are: `undefined`
 * when the user stopped before. Throws `config-invalid` for credentials that are incomplete or weak.
 */
export async function appCredentials(context: CliContext, place: AppPlace, log: Log): Promise<AppCredentials | undefined> {
  const { environment, signal } = context;
  const stored = storedCredentials(environment, place.data);
  if (stored !== undefined) return checkCredentials(stored);
  const setup = await startSetupServer({ ...setupParts(environment, place.data), port: place.port, host: place.host, log });
  try {
    context.process.stderr.write(`There is no GitHub App yet. Set one up at\n\n  ${setup.link}\n\nIt takes a few clicks; Ctrl-C ends.\n`);
    const stopped = new Promise<undefined>((resolve) => {
      if (signal.aborted) resolve(undefined);
      else signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    if ((await Promise.race([setup.done, stopped])) === undefined) return undefined;
  } finally {
    await setup.close();
  }
  return checkCredentials(storedCredentials(environment, place.data) ?? {});
}
