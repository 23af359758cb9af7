import type { ProbotOctokit } from "probot";

export type FileText =
  | { readonly state: "text"; readonly text: string }
  /** There is none, or it is no file. */
  | { readonly state: "absent" }
  /** GitHub hands out no content of files beyond 1 MB. */
  | { readonly state: "too-large" };

/** A file at a branch or commit. Errors of GitHub other than 404 are thrown. */
export async function fileText(
  octokit: ProbotOctokit,
  place: { readonly owner: string; readonly repo: string },
  path: string,
  ref: string,
): Promise<FileText> {
  try {
    const { data } = await octokit.rest.repos.getContent({ ...place, path, ref });
    if (Array.isArray(data) || data.type !== "file" || !("content" in data)) return { state: "absent" };
    if (data.encoding !== "base64") return { state: "too-large" };
    return { state: "text", text: Buffer.from(data.content, "base64").toString("utf8") };
  } catch (error) {
    if (error instanceof Error && "status" in error && error.status === 404) return { state: "absent" };
    throw error;
  }
}
