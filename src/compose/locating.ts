import { astGrepLiterals } from "../adapters/ast-grep-literals/ast-grep-literals.ts";
import type { Session } from "../domain/session.ts";
import type { Located } from "../domain/source.ts";
import type { Checkout } from "../ports/workspace.ts";
import { locate, type LocateTools, RepositoryIndex } from "../stages/locate.ts";
import { repositoryWishes } from "./repository-wishes.ts";

let tools: LocateTools | undefined;

/**
 * What `locate` works with, once for each process: its index of what was read, and the readers of programs. Where their native library does not
 * load on this machine, strings in code are found by their quotes alone.
 */
export function locateTools(): LocateTools {
  tools ??= { index: new RepositoryIndex(), ...literalReader() };
  return tools;
}

/** Where the recorded prompt stands, with what the repository's own file says of it. Throws `config-invalid` where that file is not in order. */
export async function locateIn(sessions: readonly Session[], checkout: Checkout): Promise<Located> {
  const { repository } = await repositoryWishes(checkout);
  return locate({ sessions, checkout, mapped: (repository.prompts ?? []).map((path) => ({ path })) }, locateTools());
}

function literalReader(): Pick<LocateTools, "literals"> {
  try {
    return { literals: astGrepLiterals() };
  } catch {
    return {};
  }
}
