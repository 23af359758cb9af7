import { objectIn, textIn } from "../http.ts";
import { changedFileView } from "../routes/repository.ts";
import { fullName, type Check, type Pull, type Repository } from "../state.ts";
import { headOf } from "../views.ts";
import { escaped, form, hidden, link, page, rendered } from "./page.ts";

const box = (head: string, body: string): string => `<div class="box"><p class="soft">${head}</p>${body}</div>`;

/** Comments of an issue or pull request, each with its reactions. */
const commentsOf = (repository: Repository, number: number): string =>
  repository.data.comments
    .filter((comment) => comment.issue === number)
    .map((comment) => {
      const reactions = comment.reactions.map((one) => `${emoji[one.content] ?? one.content} ${escaped(one.user)}`).join(" ");
      return box(`<b>${escaped(comment.user)}</b> commented`, `${rendered(comment.body)}<p>${reactions}</p>`);
    })
    .join("");

const emoji: Readonly<Record<string, string>> = {
  eyes: "👀",
  rocket: "🚀",
  confused: "😕",
  "+1": "👍",
  "-1": "👎",
  heart: "❤️",
  hooray: "🎉",
  laugh: "😄",
};

const commentForm = (place: string, people: readonly string[]): string =>
  form(
    `${place}/comments`,
    "Comment",
    `<p>as <select name="login">${people.map((login) => `<option>${escaped(login)}</option>`).join("")}</select></p><textarea name="body" rows="3" placeholder="/tuneup run"></textarea><br>`,
  );

const people = (repository: Repository): readonly string[] => [...repository.data.collaborators.keys(), "stranger"];

/** GitHub draws a box at each line of a task list; here it is a button. */
function boxForms(body: string, place: string, logins: readonly string[]): string {
  const who = `<select name="login">${logins.map((login) => `<option>${escaped(login)}</option>`).join("")}</select> `;
  const boxes = [...body.matchAll(/^ *- \[ \] (<!-- [^\n]*? -->)([^\n]*)$/gm)];
  return boxes
    .map(([, mark = "", words = ""]) => form(`${place}/tick`, `Tick: ${escaped(words.slice(0, 80))}`, who + hidden("box", mark)))
    .join("");
}

export function issuePage(repository: Repository, number: number): string | undefined {
  const issue = repository.data.issues.find((one) => one.number === number);
  if (issue === undefined) return undefined;
  const place = `/${fullName(repository)}/issues/${number}`;
  const close = issue.state === "open" ? form(`${place}/close`, "Close issue") : "";
  return page(
    `${issue.title} #${number}`,
    `<p class="soft">${escaped(fullName(repository))} · ${issue.state}</p>${box(`<b>${escaped(issue.user)}</b> wrote`, rendered(issue.body))}${boxForms(issue.body, place, people(repository))}
    ${commentsOf(repository, number)}${commentForm(place, people(repository))}${close}`,
  );
}

function diffOf(repository: Repository, pull: Pull): string {
  const { git } = repository;
  const head = headOf(pull, repository);
  const base = git.refs.get(pull.base) ?? pull.base_sha;
  const start = git.mergeBase(pull.state === "open" ? base : pull.base_sha, head) ?? base;
  return git
    .changedFiles(start, head)
    .map((changed) => {
      const { filename, patch } = changedFileView(changed, git) as { readonly filename: string; readonly patch: string };
      const lines = patch.split("\n").map((line) => {
        const kind = line.startsWith("+") ? "add" : line.startsWith("-") ? "gone" : "";
        return `<div class="${kind}">${escaped(line) || "&nbsp;"}</div>`;
      });
      return `<h3>${escaped(filename)}</h3><pre>${lines.join("")}</pre>`;
    })
    .join("");
}

function checkBox(check: Check, place: string): string {
  const press = (action: string, button: string, label: string): string =>
    form(`${place}/checks/${check.id}`, label, hidden("action", action) + hidden("button", button));
  const actions = check.actions.map((one) => {
    const given = objectIn(one);
    return press("requested_action", textIn(given, "identifier") ?? "", textIn(given, "label") ?? "");
  });
  return box(
    `<b>${escaped(check.name)}</b> ${escaped(check.status)} ${escaped(check.conclusion ?? "")}: ${escaped(check.output.title ?? "")}`,
    `${rendered(check.output.summary ?? "")}${rendered(check.output.text ?? "")}
    ${check.annotations.map((one) => `<pre>${escaped(JSON.stringify(one))}</pre>`).join("")}${actions.join("")}${press("rerequested", "", "Re-run")}`,
  );
}

export function pullPage(repository: Repository, number: number): string | undefined {
  const pull = repository.data.pulls.find((one) => one.number === number);
  if (pull === undefined) return undefined;
  const place = `/${fullName(repository)}/pull/${number}`;
  const head = headOf(pull, repository);
  const state = pull.merged_at !== null ? "merged" : pull.state === "closed" ? "closed" : pull.draft ? "draft" : "open";
  const labels = (repository.data.labels.get(number) ?? []).map((name) => `<code>${escaped(name)}</code>`).join(" ");
  const commits = repository.git.between(pull.base_sha, head).map((commit) => {
    const signed = repository.data.verified.has(commit.sha) ? " · verified" : "";
    return `<li><code>${commit.sha.slice(0, 10)}</code> ${escaped(commit.message.split("\n")[0] ?? "")} <span class="soft">${escaped(commit.author.name)}${signed}</span></li>`;
  });
  const checks = repository.data.checks.filter((check) => check.head_sha === head).map((check) => checkBox(check, place));
  const buttons =
    pull.state === "open"
      ? (pull.draft ? form(`${place}/ready`, "Ready for review") : form(`${place}/merge`, "Merge")) +
        form(`${place}/close`, "Close") +
        form(`${place}/push`, "Push a commit as ada")
      : "";
  return page(
    `${pull.title} #${number}`,
    `<p class="soft"><b>${state}</b> · ${escaped(pull.user)} wants to merge ${escaped(pull.head)} into ${escaped(pull.base)} in ${link(`/${fullName(repository)}`, fullName(repository))} ${labels}</p>
    ${box("description", rendered(pull.body))}<h2>Commits</h2><ul>${commits.join("")}</ul><h2>Changes</h2>${diffOf(repository, pull)}
    <h2>Checks</h2>${checks.join("") || "<p class=soft>none</p>"}<h2>Conversation</h2>${commentsOf(repository, number)}${commentForm(place, people(repository))}${buttons}`,
  );
}

export function repositoryPage(repository: Repository): string {
  const name = fullName(repository);
  const { data, git } = repository;
  const rows = (items: readonly { readonly number: number; readonly title: string; readonly state: string }[], kind: string): string =>
    items
      .map(
        (one) => `<li>${link(`/${name}/${kind}/${one.number}`, `#${one.number} ${one.title}`)} <span class="soft">${one.state}</span></li>`,
      )
      .join("") || "<li class=soft>none</li>";
  const files = [...git.filesAt(data.defaultBranch).keys()].map((path) => `<li>${link(`/${name}/blob/${path}`, path)}</li>`);
  return page(
    name,
    `<p class="soft">git clone with any token below · ${data.isPrivate ? "private" : "public"} · people: ${[...data.collaborators].map(([login, access]) => `${escaped(login)} (${access})`).join(", ")}</p>
    <h2>Pull requests</h2><ul>${rows(data.pulls, "pull")}</ul><h2>Issues</h2><ul>${rows(data.issues, "issues")}</ul>
    ${form(`/${name}/issues`, "New issue", '<input name="title" placeholder="title"> ')}
    <h2>Files of ${escaped(data.defaultBranch)}</h2><ul>${files.join("")}</ul><h2>Branches</h2><ul>${git.refs
      .names()
      .map((branch) => `<li>${escaped(branch)}</li>`)
      .join("")}</ul>`,
  );
}
