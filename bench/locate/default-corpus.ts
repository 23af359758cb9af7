import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Repository, repositoryOf } from "./corpus.ts";

const root = new URL("../../", import.meta.url).pathname;
const data = join(root, "../shared/data/prompt-location/prompt-files");
const skip =
  /^(?:node_modules|dist|\.git|\.tuneup|tools\/node24|test\/engines|src\/adapters\/otlp\/generated|package-lock\.json)|\/node_modules(?:\/|$)/;

/** What is always at hand: this project's own files, and recorded agents' prompt files where they are beside it. */
export async function defaultCorpus(): Promise<readonly Repository[]> {
  const own = await repositoryOf("tuneup", root, skip);
  const recorded = existsSync(data)
    ? await Promise.all(readdirSync(data).map((name) => repositoryOf(name, join(data, name), /^\.git/)))
    : [];
  return [own, ...recorded];
}
