import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import type { Manifest } from "./manifest.ts";

/** A page as text. Everything that is put in is escaped by the template. */
export type Page = string;

const style = `
  :root { color-scheme: light dark; --line: #d0d7de; --soft: #57606a; --bad: #cf222e; --button: #1f883d }
  @media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #9198a1; --bad: #ff7b72; --button: #238636 } }
  * { box-sizing: border-box }
  body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 44rem; padding: 2rem 1.25rem 4rem }
  h1 { font-size: 1.6rem; margin: 0 0 .25rem } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
  p, li { overflow-wrap: anywhere } .soft { color: var(--soft) } .bad { color: var(--bad); font-weight: 600 }
  label { display: block; font-weight: 600; margin: 1rem 0 .25rem }
  input[type=text], input[type=url] { font: inherit; width: 100%; padding: .5rem .6rem; border: 1px solid var(--line); border-radius: 6px; background: transparent; color: inherit }
  button, .button { font: inherit; font-weight: 600; display: inline-block; margin-top: 1.25rem; padding: .55rem 1.1rem; border: 0; border-radius: 6px; background: var(--button); color: #fff; cursor: pointer; text-decoration: none }
  table { border-collapse: collapse; width: 100% } td { border-top: 1px solid var(--line); padding: .4rem .5rem .4rem 0; vertical-align: top }
  code, pre { font: .875em ui-monospace, monospace } pre { border: 1px solid var(--line); border-radius: 6px; padding: .75rem; overflow-x: auto }
`;

function asText(page: ReturnType<typeof html>): Page {
  if (page instanceof Promise) throw new TypeError("a page is put together from values, not from promises");
  return page.toString();
}

/** The style sheet's source expression for a content security policy. */
export const styleSource = `'sha256-${createHash("sha256").update(style).digest("base64")}'`;

const layout = (title: string, body: unknown): Page =>
  asText(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="referrer" content="same-origin" />
          <title>${title} · Tuneup</title>
          ${raw(`<style>${style}</style>`)}
        </head>
        <body>
          ${body}
        </body>
      </html>`,
  );

/** What each permission is for, as the person who grants it reads it. */
const reasons: Readonly<Record<string, string>> = {
  contents: "read the prompt, write the branch of a proposal",
  pull_requests: "open the pull request and keep it up to date; never merge, approve or re-open",
  issues: "answer commands, and keep a dashboard where one is wanted",
  checks: "show progress, result and approval",
  merge_queues: "report at what the merge queue tries",
  metadata: "look up whether who commented may write",
};

export interface Choices {
  readonly name: string;
  readonly publicUrl: string;
  readonly organization: string;
}

/** First page: where this Tuneup is reached, and who shall own the App. `problem` says what was wrong with the last try. */
export function choicesPage(choices: Choices, options: { readonly action: string; readonly problem?: string }): Page {
  const problem = options.problem === undefined ? "" : html`<p class="bad" role="alert">${options.problem}</p>`;
  return layout(
    "Set up the GitHub App",
    html`<h1>Set up the GitHub App</h1>
      <p class="soft">
        A few clicks: GitHub creates a private App for you and hands its credentials to this Tuneup, once. Nothing is written to any
        repository.
      </p>
      ${problem}
      <form method="post" action="${options.action}">
        <label for="publicUrl">Where does GitHub reach this Tuneup?</label>
        <input
          id="publicUrl"
          name="publicUrl"
          type="url"
          required
          maxlength="300"
          placeholder="https://tuneup.example.com"
          value="${choices.publicUrl}"
        />
        <p class="soft">
          HTTPS, without a path. Webhooks go to <code>/api/github/webhooks</code> there. On a laptop use a tunnel's address.
        </p>
        <label for="organization">Organization that shall own the App</label>
        <input
          id="organization"
          name="organization"
          type="text"
          maxlength="39"
          autocomplete="off"
          placeholder="leave empty for your own account"
          value="${choices.organization}"
        />
        <label for="name">Name of the App</label>
        <input id="name" name="name" type="text" required maxlength="34" autocomplete="off" value="${choices.name}" />
        <p class="soft">Must be free on the whole of GitHub; you can still change it there.</p>
        <button>Next</button>
      </form>`,
  );
}

/** Second page: what GitHub will be asked for, and the button that goes there. */
export function confirmPage(manifest: Manifest, options: { readonly action: string; readonly back: string }): Page {
  const rows = Object.entries(manifest.default_permissions).map(
    ([permission, access]) =>
      html`<tr>
        <td><code>${permission}</code></td>
        <td>${access}</td>
        <td>${reasons[permission] ?? ""}</td>
      </tr>`,
  );
  return layout(
    "Create the App on GitHub",
    html`<h1>Create the App on GitHub</h1>
      <p><strong>${manifest.name}</strong>, private. Webhooks go to <code>${manifest.hook_attributes.url}</code>.</p>
      <h2>It asks for</h2>
      <table>
        ${rows}
      </table>
      <p class="soft">Events: ${manifest.default_events.join(", ")}. It cannot change workflows, settings, secrets or members.</p>
      <form method="post" action="${options.action}">
        <input type="hidden" name="manifest" value="${JSON.stringify(manifest)}" />
        <button>Create on GitHub</button>
      </form>
      <p><a href="${options.back}">Change something</a></p>`,
  );
}

/** Last page: the App is there. */
export function donePage(app: { readonly slug: string; readonly page: string; readonly credentialFile: string }): Page {
  return layout(
    "The App is ready",
    html`<h1>The App is ready</h1>
      <p>
        Its credentials are in <code>${app.credentialFile}</code> on the machine that runs Tuneup, readable by its owner only. They are not
        shown anywhere; keep a backup.
      </p>
      <a class="button" href="${app.page}/installations/new">Install it on a repository</a>
      <h2>Then, on this machine</h2>
      <p>
        Bind the repository to the traces of its agent in <code>tuneup.operator.yml</code>. A repository never says itself whose traces it
        may see.
      </p>
      <pre>
repositories:
  acme/support-agent: { project: support }</pre>
      <p>Comment <code>/tuneup run</code> on any issue or pull request of that repository.</p>`,
  );
}

/** A page that says why something did not work, and what to do. */
export const problemPage = (title: string, text: string, remedy: string): Page =>
  layout(
    title,
    html`<h1>${title}</h1>
      <p>${text}</p>
      <p class="soft">${remedy}</p>`,
  );
