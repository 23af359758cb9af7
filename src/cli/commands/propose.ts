import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import { scanSecrets } from "../../compose.ts";
import type { AttemptDocument } from "../../domain/documents.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { Evidence } from "../../domain/evidence.ts";
import { repositoryWishes } from "../../compose/repository-wishes.ts";
import { proposalFrom } from "../../pipeline.ts";
import { recompute } from "../../stages/decide.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, withHouse } from "../flags.ts";
import { openCheckout } from "../run-job.ts";
import { readDocument, scanOrRecall } from "../scan-project.ts";

interface Flags extends CommonFlags {
  readonly from: string;
  readonly evidence: string;
  readonly repo?: string;
  readonly github?: string;
  readonly to?: string;
}

export const proposeCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "Write the pull request of a verified edit, without publishing it",
    fullDescription: [
      "Takes the attempt and its evidence, recomputes the evidence, and writes title, body, branch and files as one proposal document for `tuneup publish`.",
      "Refuses evidence that does not verify and verdicts other than `improves`.",
      "",
      "  tuneup propose --from attempt.json --evidence evidence.json --to proposal.json",
    ].join("\n"),
  },
  parameters: {
    flags: {
      ...commonFlags,
      from: { kind: "parsed", parse: String, brief: "Attempt document of `tuneup draft --to`", placeholder: "file" },
      evidence: { kind: "parsed", parse: String, brief: "Evidence of `tuneup replay --to`", placeholder: "file" },
      repo: flag.text("The agent's git repository (default: the current folder)", "folder"),
      github: flag.text("The repository's name on GitHub, when the proposal is for there", "owner/name"),
      to: flag.text("Write the proposal document to this file", "file"),
    },
  },
  async func(flags) {
    const document = readDocument<AttemptDocument>(resolve(this.cwd, flags.from), "attempt");
    const evidence = readDocument<Evidence>(resolve(this.cwd, flags.evidence), "evidence");
    const checked = recompute(evidence);
    if (!checked.ok) {
      const [first] = checked.problems;
      throw refused(
        `The evidence does not verify: ${first === undefined ? "unknown problem" : `${first.path.join(".") || "document"} ${first.message}`}.`,
      );
    }
    const scan = await withHouse(this, flags, (house, project) => scanOrRecall(this, house, project));
    const cluster = scan.clusters.find((one) => one.id === document.cluster);
    if (cluster === undefined) throw refused(`Cluster ${document.cluster} is not in the last scan.`);
    await using checkout = await openCheckout(this, {
      repo: flags.repo ?? ".",
      revision: document.commit,
      ...(flags.github === undefined ? {} : { github: flags.github }),
    });
    const { repository } = await repositoryWishes(checkout);
    const wishes = {
      pullRequests: repository.pullRequests ?? "ready",
      labels: repository.labels ?? [],
      ...(repository.reviewers === undefined ? {} : { reviewers: repository.reviewers }),
    };
    const proposed = await proposalFrom({ cluster, document, evidence, visibility: "private", wishes }, checkout, scanSecrets);
    if (proposed === undefined) throw refused("No candidate of this evidence is proven to improve.");
    const { proposal } = proposed;
    if (flags.to !== undefined) writeFileSync(resolve(this.cwd, flags.to), `${JSON.stringify(proposal, undefined, 2)}\n`);
    this.process.stdout.write(flags.json === true ? `${JSON.stringify(proposal)}\n` : `${proposal.title}\n\n${proposal.body}\n`);
  },
});

const refused = (why: string): TuneupError =>
  new TuneupError("publish-refused", why, { remedy: "Run `tuneup draft` and `tuneup replay` again on the current traces." });
