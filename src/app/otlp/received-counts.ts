import type { Instant, ProjectId } from "../../domain/ids.ts";
import type { ProjectDirectory, Received } from "../../ports/project-directory.ts";

const writeAfter = 1000;

/** Collects what was received and tells the directory once a second, so that counting costs no synchronous write per request. */
export class ReceivedCounts {
  readonly #projects: Pick<ProjectDirectory, "noteReceived">;
  readonly #pending = new Map<ProjectId, Received>();
  #timer: NodeJS.Timeout | undefined;

  constructor(projects: Pick<ProjectDirectory, "noteReceived">) {
    this.#projects = projects;
  }

  note(project: ProjectId, at: Instant, counts: { readonly spans: number; readonly logRecords: number }): void {
    const before = this.#pending.get(project) ?? { spans: 0, logRecords: 0 };
    this.#pending.set(project, { at, spans: before.spans + counts.spans, logRecords: before.logRecords + counts.logRecords });
    this.#timer ??= setTimeout(() => void this.flush(), writeAfter).unref();
  }

  /** Counts are a convenience: where they cannot be written they are given up, never the traces. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const [project, received] of pending) await this.#projects.noteReceived(project, received).catch(() => undefined);
  }
}
