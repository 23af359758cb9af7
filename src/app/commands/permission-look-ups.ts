import type { ProbotOctokit } from "probot";

/** Who may command, asked of GitHub. */
export interface PermissionLookUps {
  /**
   * Whether this person may write there at this moment. A yes is asked anew every time. A no is remembered for a while, and a repository has only
   * so many look-ups a minute for people who were not known to write there: beyond them the answer is no. Throws what GitHub answers but 404.
   */
  mayWrite(octokit: ProbotOctokit, place: Place, login: string): Promise<boolean>;
}

interface Place {
  readonly owner: string;
  readonly repo: string;
}

const rememberedFor = 60_000;
const window = 60_000;
const mostInWindow = 30;
/** More people than this are not remembered; the oldest are forgotten first. */
const mostRemembered = 10_000;

/** Look-ups with a memory of refusals, so that a stranger's comments cost next to nothing. `now` is in milliseconds. */
export function permissionLookUps(now: () => number): PermissionLookUps {
  const refused = new Map<string, number>();
  const writers = new Set<string>();
  const asked = new Map<string, readonly number[]>();

  const mayAsk = (repository: string, person: string): boolean => {
    if (writers.has(person)) return true;
    const recent = (asked.get(repository) ?? []).filter((at) => at > now() - window);
    if (recent.length >= mostInWindow) return false;
    asked.set(repository, [...recent, now()]);
    return true;
  };
  return {
    async mayWrite(octokit, place, login) {
      const repository = `${place.owner}/${place.repo}`.toLowerCase();
      const person = `${repository}/${login.toLowerCase()}`;
      const last = refused.get(person);
      if (last !== undefined && now() - last < rememberedFor) return false;
      if (!mayAsk(repository, person)) return false;
      const yes = await mayWriteNow(octokit, place, login);
      if (yes) {
        bounded(writers);
        writers.add(person);
        refused.delete(person);
      } else {
        writers.delete(person);
        bounded(refused);
        refused.set(person, now());
      }
      return yes;
    },
  };
}

function bounded(remembered: Map<string, number> | Set<string>): void {
  const [oldest] = remembered.keys();
  if (remembered.size >= mostRemembered && oldest !== undefined) remembered.delete(oldest);
}

/**
 * Whether this person may write there, asked of GitHub at this moment and remembered by nobody: a webhook's own `author_association` may be stale. GitHub
 * reports `maintain` as `write`, `triage` as `read`. Throws what it answers but 404.
 */
export async function mayWriteNow(octokit: ProbotOctokit, place: Place, login: string): Promise<boolean> {
  try {
    const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel({ ...place, username: login });
    return data.permission === "write" || data.permission === "admin";
  } catch (error) {
    // GitHub answers 404 for someone who is no collaborator; every other error is an error, never a "no".
    if (error instanceof Error && "status" in error && error.status === 404) return false;
    throw error;
  }
}
