/** The texts of one request to GitHub, each with the place where it will stand. */
export interface RequestTexts {
  readonly what: string;
  readonly repository: string;
  readonly texts: readonly {
    readonly place: "title" | "body" | "comment" | "check" | "commit-message" | "label" | "branch";
    readonly text: string;
  }[];
}

type Place = RequestTexts["texts"][number]["place"];

/** A request as an Octokit hook sees it: route parameters and body fields side by side, the address as a template or whole. */
export interface ForgeRequest {
  readonly method: string;
  readonly url: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const kinds: readonly (readonly [pattern: RegExp, what: string, body: Place])[] = [
  [/\/access_tokens$/, "token", "body"],
  [/\/graphql$/, "commit", "commit-message"],
  [/\/reactions$/, "reaction", "comment"],
  [/\/git\/refs/, "branch", "body"],
  [/\/git\/commits$/, "commit", "commit-message"],
  [/\/contents\//, "commit", "commit-message"],
  [/\/labels(?:\/|$)/, "label", "label"],
  [/\/check-runs/, "check", "check"],
  [/\/statuses\//, "check", "check"],
  [/\/comments(?:\/|$)/, "comment", "comment"],
  [/\/pulls(?:\/|$)/, "pull-request", "body"],
  [/\/issues(?:\/|$)/, "issue", "body"],
];

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const named = (value: unknown): unknown => (typeof value === "string" ? value : record(value)["name"]);

/** `owner/name` of the repository that a request is about, empty where it names none. */
export const repositoryOfRequest = ({ fields, url }: ForgeRequest): string =>
  repositoryIn(fields, record(record(fields["variables"])["input"]), url.replace(/^https?:\/\/[^/]+/, "").split("?")[0] ?? "");

/**
 * What a request writes and says, or `undefined` for one that only reads. Every text field that GitHub shows to people or acts on is found,
 * also those of a kind of request that is not known here: they are looked at as a body.
 */
export function textsOfRequest({ fields, method, url }: ForgeRequest): RequestTexts | undefined {
  if (method === "GET" || method === "HEAD") return undefined;
  const path = url.replace(/^https?:\/\/[^/]+/, "").split("?")[0] ?? "";
  const [, what, place] = kinds.find(([pattern]) => pattern.test(path)) ?? [undefined, "other", "body" as const];
  const input = record(record(fields["variables"])["input"]);
  const found: { place: Place; text: string }[] = [];
  const add = (where: Place, ...values: readonly unknown[]): void => {
    for (const value of values) if (typeof value === "string" && value !== "") found.push({ place: where, text: value });
  };
  add("title", fields["title"]);
  add(place, fields["body"], fields["commit_message"], fields["description"]);
  add("commit-message", fields["message"], fields["commit_title"], commitMessageOf(input));
  add("branch", typeof fields["ref"] === "string" && method === "POST" ? fields["ref"].replace(/^refs\/heads\//, "") : undefined);
  for (const label of list(fields["labels"])) add("label", named(label));
  if (what === "label") add("label", fields["new_name"], fields["name"]);
  addCheck(fields, add);
  return { what, repository: repositoryIn(fields, input, path), texts: found };
}

function addCheck(fields: ForgeRequest["fields"], add: (where: Place, ...values: readonly unknown[]) => void): void {
  const output = record(fields["output"]);
  add("title", output["title"]);
  add("check", output["summary"], output["text"]);
  for (const annotation of list(output["annotations"]))
    add("check", record(annotation)["message"], record(annotation)["title"], record(annotation)["raw_details"]);
  for (const action of list(fields["actions"])) add("title", record(action)["label"], record(action)["description"]);
  for (const image of list(output["images"])) add("check", `![image](${String(record(image)["image_url"])})`);
}

function commitMessageOf(input: Readonly<Record<string, unknown>>): string | undefined {
  const { body, headline } = record(input["message"]);
  return typeof headline === "string" ? [headline, ...(typeof body === "string" ? ["", body] : [])].join("\n") : undefined;
}

function repositoryIn(fields: ForgeRequest["fields"], input: Readonly<Record<string, unknown>>, path: string): string {
  const { owner, repo } = fields;
  if (typeof owner === "string" && typeof repo === "string") return `${owner}/${repo}`;
  const whole = record(input["branch"])["repositoryNameWithOwner"];
  if (typeof whole === "string") return whole;
  return /\/repos\/([^/{}]+\/[^/{}]+)/.exec(path)?.[1] ?? "";
}
