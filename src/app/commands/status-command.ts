import type { Instant, RepositoryId } from "../../domain/ids.ts";
import type { Usage } from "../../domain/message.ts";
import { limitsLeft, type PublishingLimits } from "../../domain/publishing/limits.ts";
import { safeCode, safeInline } from "../../domain/text/safe-text.ts";
import { ignoredFailures, pauses } from "../../pipeline/standing/people.ts";
import { knownPulls } from "../../pipeline/standing/pulls.ts";
import { runningJobs } from "../../pipeline/standing/runs.ts";
import type { Documents } from "../../ports/ledger.ts";
import type { Answer } from "./answer.ts";
import { type CommandRequest, repositoryOf } from "./command-request.ts";

export interface StatusParts {
  readonly documents: Pick<Documents, "get" | "keys">;
  readonly limits: PublishingLimits;
  /** What models cost for the repository's trace project, in all and within the last 24 hours; `undefined` when it is bound to none. */
  readonly spent: (repository: string) => Promise<{ readonly all: Usage; readonly today: Usage } | undefined>;
  readonly now: () => Instant;
}

const mostListed = 20;

/** Where a repository stands, from what is remembered: asks no forge and no model. */
export async function status(request: CommandRequest, parts: StatusParts): Promise<Answer> {
  const repository = repositoryOf(request);
  const sections = [
    await proposals(repository, parts),
    await running(repository, parts),
    await decisions(repository, parts),
    await limitsSection(repository, parts),
    await cost(request, parts),
  ];
  return { done: true, text: sections.join("\n\n") };
}

function list(title: string, lines: readonly string[], none: string): string {
  if (lines.length === 0) return `**${title}:** ${none}`;
  const more = lines.length > mostListed ? [`- and ${lines.length - mostListed} more`] : [];
  return [`**${title}**`, "", ...lines.slice(0, mostListed).map((line) => `- ${line}`), ...more].join("\n");
}

async function proposals(repository: RepositoryId, { documents }: StatusParts): Promise<string> {
  const open = (await knownPulls(documents, repository)).filter((pull) => pull.life === "open");
  const lines = open.map((pull) => {
    const remarks = [...(pull.edited === true ? ["edited, updates paused"] : []), ...(pull.stopped === true ? ["stop label"] : [])];
    const beside = remarks.length === 0 ? "" : ` (${remarks.join(", ")})`;
    return `pull request ${pull.number}: ${safeInline(pull.title, 120)}, ${safeCode(pull.cluster, 64)}${beside}`;
  });
  return list("Open proposals", lines, "none");
}

async function running(repository: RepositoryId, { documents }: StatusParts): Promise<string> {
  const lines = (await runningJobs(documents, repository)).map(({ at, by, cluster, command }) => {
    const what = cluster === undefined ? "" : ` on ${safeCode(cluster, 64)}`;
    return `${safeCode(command, 20)}${what} by ${safeCode(by, 40)}, since ${at.slice(0, 16)}Z`;
  });
  return list("Running", lines, "nothing");
}

async function decisions(repository: RepositoryId, { documents }: StatusParts): Promise<string> {
  const paused = (await pauses(documents, repository)).map(
    ({ at, by, pull }) => `${pull === undefined ? "the repository" : `pull request ${pull}`}, by ${safeCode(by, 40)} on ${at.slice(0, 10)}`,
  );
  const ignored = (await ignoredFailures(documents, repository)).map(({ by, cluster, reason, title }) => {
    const name = title === undefined || title === "" ? "" : ` (${safeInline(title, 100)})`;
    return `${safeCode(cluster, 64)}${name}, by ${safeCode(by, 40)}${reason === "" ? "" : `: ${safeInline(reason, 200)}`}`;
  });
  return [list("Paused", paused, "nothing"), list("Ignored", ignored, "nothing")].join("\n\n");
}

async function limitsSection(repository: RepositoryId, { documents, limits, now }: StatusParts): Promise<string> {
  const left = limitsLeft({ limits, now: now(), pulls: await knownPulls(documents, repository) });
  const count = (value: number): number => Math.max(0, value);
  return `**Limits:** ${count(left.open)} of ${limits.openPullRequests} open pull requests are left, and ${count(left.today)} of ${limits.newPerDay} new ones within 24 hours; ${limits.openPerFile} open for each file.`;
}

async function cost(request: CommandRequest, { limits, spent }: StatusParts): Promise<string> {
  const money = await spent(`${request.owner}/${request.repository}`);
  if (money === undefined)
    return "**Cost:** this repository is not bound to a trace project, so nothing runs here. The operator adds it under `repositories`.";
  const cap = limits.dollarsPerDay === undefined ? "" : ` of ${dollars(limits.dollarsPerDay)}`;
  return `**Cost:** ${usageText(money.today)} within 24 hours${cap}, ${usageText(money.all)} so far.`;
}

const dollars = (amount: number): string => `${amount.toFixed(2)} US dollars`;

/** Money where prices are known, else tokens. */
function usageText(usage: Usage): string {
  const tokens = `${((usage.inputTokens + usage.outputTokens) / 1000).toFixed(0)} thousand tokens`;
  return usage.dollars === undefined ? tokens : `${dollars(usage.dollars)} (${tokens})`;
}
