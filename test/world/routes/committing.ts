import { type Actor, loginOf } from "../accounts.ts";
import type { Commit, Person } from "../git/object-store.ts";
import { Refusal, type World } from "../http.ts";
import type { Repository } from "../state.ts";

/** Who GitHub writes into a commit made through its API. */
export function authorOf(actor: Actor, world: World): Person {
  const login = loginOf(actor);
  const { id } = world.accounts.account(login);
  return { name: login, email: `${id}+${login}@users.noreply.github.com`, at: Math.floor(world.clock() / 1000) };
}

export const webFlow = (world: World): Person => ({ name: "GitHub", email: "noreply@github.com", at: Math.floor(world.clock() / 1000) });

/** What a ruleset says against moving a branch to a commit; nothing is said about branches no rule names. */
export function ruleAgainst(
  repository: Repository,
  branch: string,
  move: { readonly creates: boolean; readonly head: Commit | undefined; readonly actor: Actor },
): string | undefined {
  const slug = move.actor.kind === "installation" || move.actor.kind === "app" ? move.actor.app.slug : "";
  for (const rule of repository.data.rules) {
    if (!branch.startsWith(rule.prefix) || rule.except.includes(slug)) continue;
    if (rule.refuses === "creation" && move.creates)
      return "Repository rule violations found: Cannot create ref due to creations being restricted.";
    if (rule.refuses === "update" && !move.creates) return "Repository rule violations found: Cannot update this protected ref.";
    if (rule.refuses === "unsigned" && move.head !== undefined && !move.creates && !repository.data.verified.has(move.head.sha))
      return "Repository rule violations found: Commits must have verified signatures.";
  }
  return undefined;
}

/** Points a branch at a commit, as far as the rules allow. Throws 422. */
export function moveBranch(
  world: World,
  repository: Repository,
  { actor, branch, creates = false, sha }: { actor: Actor; branch: string; sha: string; creates?: boolean },
): void {
  const against = ruleAgainst(repository, branch, { creates, head: repository.git.objects.commit(sha), actor });
  if (against !== undefined) throw new Refusal(422, against);
  const before = repository.git.refs.get(branch);
  repository.git.refs.set(branch, sha);
  world.moved(repository, branch, before, loginOf(actor));
}

const isWorkflow = (path: string): boolean => path.startsWith(".github/workflows/");

/** GitHub refuses workflow files to Apps without the `workflows` permission, on every way of writing. */
export function demandWorkflowRight(actor: Actor, paths: readonly string[]): void {
  if (actor.kind !== "installation" || !paths.some(isWorkflow)) return;
  const { owner } = actor.token;
  if (owner.kind === "installation" && owner.permissions["workflows"] !== "write")
    throw new Refusal(403, "Resource not accessible by integration");
}
