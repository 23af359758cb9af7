import { appendFileSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { writeCredentialFile } from "../../src/adapters/credential-file/credential-file.ts";
import { shippedFile } from "../../src/compose.ts";
import { openDemo } from "../../src/compose/demo.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { TuneupError } from "../../src/domain/errors.ts";
import { GithubWorld } from "./github.ts";
import { Site } from "./site/site.ts";

const usage = `A stand-in for GitHub on this machine, with the sample agent's repository, its recorded sessions and a simulated model.

  npm run github-stand-in -- [--port 4000] [--app-port 3000] [--folder .tuneup/github] [--installed] [--scenario missing-step]

  --installed   the App exists and is installed already: no setup page in the browser is needed
`;

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "4000" },
    "app-port": { type: "string", default: "3000" },
    folder: { type: "string", default: ".tuneup/github" },
    scenario: { type: "string", default: "missing-step" },
    installed: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** Starts everything and says what to do next. */
async function main(): Promise<void> {
  const environment = readEnvironment(process.env);
  const scenarioFile = shippedFile("examples", "scenarios", `${values.scenario}.yaml`);
  const demo = await openDemo({ scenarioFile, folder: resolve(values.folder), seed: 1, environment });
  const world: GithubWorld = new GithubWorld(demo.scenario.files, {
    port: Number(values.port),
    pages: `http://127.0.0.1:${values.port}`,
    site: (request, response) => site.answer(request, response),
  });
  const site = new Site(() => world);
  world.permissions.set("ada", "write");
  world.permissions.set("tom", "triage");
  world.accounts.account("stranger");
  world.openIssue(
    "The agent refunds without reading the policy",
    "ada",
    "It happens a few times a day. Comment `/tuneup run` to have it looked at.",
  );
  await world.start();
  const app = values["app-port"];
  const webhooks = `http://127.0.0.1:${app}/api/github/webhooks`;
  const api = `${world.url}/api/v3`;
  if (values.installed) {
    world.app.hookUrl = webhooks;
    const { id, privateKey, slug, webhookSecret } = world.app;
    writeCredentialFile(join(demo.places.data, "github-app.json"), { id: String(id), slug, privateKey, webhookSecret, apiUrl: api });
  } else {
    world.accounts.installations.delete(world.installation.id);
    world.accounts.apps.delete(world.app.id);
  }
  // The scenario's own file knows no repositories; the App runs only on what the operator binds.
  if (!/^repositories:/m.test(readFileSync(demo.places.operatorFile, "utf8")))
    appendFileSync(demo.places.operatorFile, `\nrepositories:\n  acme/support-agent: { project: ${demo.project} }\n`);
  process.stdout.write(nextSteps({ api, url: world.url, model: demo.server.url, project: demo.project, places: demo.places }));
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void Promise.allSettled([world.stop(), demo.server.close()]).then(() => process.exit(0)));
}

interface Places {
  readonly api: string;
  readonly url: string;
  readonly model: string;
  readonly project: string;
  readonly places: { readonly data: string; readonly operatorFile: string; readonly traces: string };
}

function nextSteps({ api, model, places, project, url }: Places): string {
  const from = (path: string): string => relative(process.cwd(), path);
  const flags = `--data ${from(places.data)} --operator ${from(places.operatorFile)}`;
  const setUp = values.installed
    ? []
    : [
        `3. Open the setup page that it prints. As address give http://127.0.0.1:${values["app-port"]}, then click through: create, and install from the last page.`,
        "",
      ];
  return `${[
    `This is a stand-in for GitHub at ${url} — not GitHub. The model is simulated too. Nothing leaves this machine; Ctrl-C ends and forgets it.`,
    "",
    "In a second terminal:",
    "",
    "1. Take in the sample agent's recorded sessions:",
    `     npm run tuneup -- ingest ${from(places.traces)} --project ${project} --data ${from(places.data)}`,
    "2. Start Tuneup against the stand-in and the simulated model:",
    `     GITHUB_API_URL=${api} ANTHROPIC_API_KEY=simulated ANTHROPIC_BASE_URL=${model} \\`,
    `       npm run tuneup -- serve ${flags} --port ${values["app-port"]}`,
    ...setUp,
    `${values.installed ? 3 : 4}. Open ${url}/acme/support-agent/issues/1 and comment /tuneup run as ada, or:`,
    `     curl -d login=ada --data-urlencode 'body=/tuneup run' ${url}/acme/support-agent/issues/1/comments`,
    "   The first answer is a pull request that sets Tuneup up: merge it on its page, then comment again and reload: 👀, and after a while the answer.",
    `   The pull request with the proof is at ${url}/acme/support-agent. Its page merges and closes it.`,
    "",
  ].join("\n")}\n`;
}

if (values.help) process.stdout.write(usage);
else
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof TuneupError ? `${error.message} ${error.remedy}` : String(error)}\n`);
    process.exit(1);
  });
