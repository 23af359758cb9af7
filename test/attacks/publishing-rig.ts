import { githubForge } from "../../src/adapters/github-forge/github-forge.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { findSecrets } from "../../src/adapters/secretlint-scanner/secretlint-scanner.ts";
import { digestOf } from "../../src/domain/digest.ts";
import { clusterId, commitSha, digest, proposalId } from "../../src/domain/ids.ts";
import type { Edit } from "../../src/domain/edit.ts";
import type { Proposal } from "../../src/domain/proposal.ts";
import type { Publication } from "../../src/ports/forge.ts";
import { type LastLook, outgoingGuard, publish } from "../../src/stages/publish.ts";
import { GithubWorld, type WorldOptions } from "../world/github.ts";
import { type Guard, settled } from "./case.ts";

/** Never waits: what would be waited for is over at once. */
export const quickRetry = { sleep: async () => undefined, random: () => 0.5, now: () => 0 };
export const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const look: LastLook = { scanSecrets: findSecrets };

/** Runs some work against a stand-in of its own, and ends it. */
export async function withWorld<T>(
  files: Readonly<Record<string, string>>,
  work: (world: GithubWorld) => Promise<T>,
  options: WorldOptions = {},
): Promise<T> {
  const world = await new GithubWorld(files, options).start();
  try {
    return await work(world);
  } finally {
    await world.stop();
  }
}

/** A proposal that puts one line for another in one file of the stand-in, without anybody having looked at it. */
export function rawProposal(
  world: GithubWorld,
  change: { readonly path: string; readonly before: string; readonly after: string; readonly base?: string },
  rest: Partial<Proposal> = {},
): Proposal {
  const { after, before, path } = change;
  const text = change.base ?? world.text("main", path) ?? "";
  const edit: Edit = { path, base: digestOf(text), before, after, reason: "Names the missing step." };
  const key = digestOf(`${path}\n${after}`)
    .replace(/^sha256:/, "")
    .slice(0, 12);
  return {
    id: proposalId(`p-${key}`),
    repository: { owner: world.owner, name: world.name },
    commit: commitSha(world.head("main") ?? ""),
    cluster: clusterId("c-4f1d"),
    edits: [edit],
    files: [{ path, text: text.replace(before, () => after), before: edit.base }],
    branch: `tuneup/${key}`,
    title: "prompt: fewer failures",
    body: "The body.",
    commitMessage: "prompt: fewer failures\n\nReplayed 9 sessions: 9 fixed.",
    draft: false,
    labels: ["tuneup"],
    evidence: digest("sha256:00"),
    state: "verified",
    ...rest,
  };
}

/** Publishes as the publishing process does; without its guard straight through the forge, with nobody looking. */
export async function publishTo(
  world: GithubWorld,
  proposal: Proposal,
  guard: Guard,
  scanSecrets: LastLook["scanSecrets"] = findSecrets,
): Promise<{ readonly value: Publication } | { readonly error: unknown }> {
  const options = { token: world.token, baseUrl: world.url, retry: quickRetry };
  if (guard === "off") return settled(githubForge(options).publish(proposal));
  const own = { ...look, scanSecrets };
  return settled(publish(proposal, githubForge({ ...options, guards: [outgoingGuard(own)] }), new MemoryLedger(), own));
}

/** Branches that came to be beside `main`. */
export const newBranches = (world: GithubWorld): readonly string[] => world.branches().filter((branch) => branch !== "main");

/** Paths that differ between `main` and any other branch. */
export function changedPaths(world: GithubWorld): readonly string[] {
  const git = world.repository(world.owner, world.name)?.git;
  const main = world.head("main");
  if (git === undefined || main === undefined) return [];
  return newBranches(world).flatMap((branch) => git.changedFiles(main, world.head(branch) ?? main).map((file) => file.filename));
}
