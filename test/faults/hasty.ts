import { Octokit } from "@octokit/rest";
import type { Proposal } from "../../src/domain/proposal.ts";
import type { GithubWorld } from "../world/github.ts";
import { quiet } from "../attacks/publishing-rig.ts";

const tries = 3;
let made = 0;

/** Does it, and again when it fails, as most retrying clients do. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= tries) throw error;
    }
  }
}

const clientOf = (world: GithubWorld, token = world.token): Octokit => new Octokit({ auth: token, baseUrl: world.url, log: quiet });

/** A publisher that looks at nothing before it writes: a new branch each time, and everything tried again on any error. */
export async function hastyPublish(world: GithubWorld, proposal: Proposal, token = world.token): Promise<void> {
  const octokit = clientOf(world, token);
  const where = { owner: world.owner, repo: world.name };
  await again(async () => {
    made += 1;
    const branch = `${proposal.branch}-${made}`;
    await octokit.rest.git.createRef({ ...where, ref: `refs/heads/${branch}`, sha: world.head("main") ?? "" });
    for (const file of proposal.files) {
      const { data } = await octokit.rest.repos.getContent({ ...where, path: file.path, ref: branch });
      const sha = Array.isArray(data) ? "" : data.sha;
      await octokit.rest.repos.createOrUpdateFileContents({
        ...where,
        path: file.path,
        branch,
        sha,
        message: proposal.title,
        content: Buffer.from(file.text).toString("base64"),
      });
    }
    await octokit.rest.pulls.create({ ...where, head: branch, base: "main", title: proposal.title, body: proposal.body });
  });
}

/** Comments and checks in the same manner. */
export async function hastySay(world: GithubWorld, pull: number, text: string): Promise<void> {
  const octokit = clientOf(world);
  const where = { owner: world.owner, repo: world.name };
  await again(() => octokit.rest.issues.createComment({ ...where, issue_number: pull, body: text }));
  await again(() =>
    octokit.rest.checks.create({
      ...where,
      name: "tuneup",
      head_sha: world.pulls[0]?.head_sha ?? "",
      status: "completed",
      conclusion: "success",
      output: { title: "Tuneup", summary: text },
    }),
  );
}
