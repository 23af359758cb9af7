import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";

const recordSchema = z.object({
  number: z.number().int().positive(),
  repository: z.string(),
  branch: z.string(),
  title: z.string(),
  draft: z.boolean(),
  labels: z.array(z.string()),
  head: z.string(),
  state: z.enum(["open", "merged", "closed"]),
});
/** One local pull request: `<number>.json` beside its page `<number>.md`. */
export type PullRecord = z.infer<typeof recordSchema>;

/** The pull requests of a data folder. Numbers are taken by creating their file, so two processes never share one. */
export class PullRecords {
  readonly folder: string;

  constructor(data: string) {
    this.folder = join(data, "pulls");
    mkdirSync(this.folder, { recursive: true });
  }

  /** The page of a pull request. */
  pagePath(number: number): string {
    return join(this.folder, `${number}.md`);
  }

  /** The newest record of a branch. */
  find(repository: string, branch: string): PullRecord | undefined {
    return this.#all().findLast((record) => record.repository === repository && record.branch === branch);
  }

  /** Takes the next free number and writes record and page. */
  create(record: Omit<PullRecord, "number">, page: string): PullRecord {
    for (let number = (this.#all().at(-1)?.number ?? 0) + 1; ; number += 1) {
      const numbered = { number, ...record };
      try {
        writeFileSync(this.#path(number), JSON.stringify(numbered, undefined, 2), { flag: "wx" });
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "EEXIST") continue;
        throw error;
      }
      this.write(numbered, page);
      return numbered;
    }
  }

  /** Replaces record and page; each is whole or not there. */
  write(record: PullRecord, page: string): void {
    replaceFile(this.pagePath(record.number), page);
    replaceFile(this.#path(record.number), JSON.stringify(record, undefined, 2));
  }

  readPage(number: number): string {
    return readFileSync(this.pagePath(number), "utf8");
  }

  #path(number: number): string {
    return join(this.folder, `${number}.json`);
  }

  #all(): readonly PullRecord[] {
    return readdirSync(this.folder)
      .filter((name) => /^\d+\.json$/.test(name))
      .map((name) => this.#read(join(this.folder, name)))
      .toSorted((left, right) => left.number - right.number);
  }

  #read(path: string): PullRecord {
    try {
      return recordSchema.parse(JSON.parse(readFileSync(path, "utf8")));
    } catch (cause) {
      throw new TuneupError("forge-refused", `The record of a local pull request at ${path} is damaged.`, {
        remedy: "Remove that file, or restore it.",
        fields: { path },
        cause,
      });
    }
  }
}

function replaceFile(path: string, text: string): void {
  const fresh = `${path}.new`;
  writeFileSync(fresh, text);
  renameSync(fresh, path);
}
