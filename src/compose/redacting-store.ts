import type { ProjectId } from "../domain/ids.ts";
import { sessionId } from "../domain/ids.ts";
import type { RedactionCounts, Redactor } from "../ports/redactor.ts";
import type { ErasureSelection, TraceStore } from "../ports/trace-store.ts";

/** A redactor that leaves some projects to redactors of their own, or their traces as they come. */
export function redactorByProject(general: Redactor, own: ReadonlyMap<ProjectId, Redactor | "off">): Redactor {
  const of = (project: ProjectId): Redactor => {
    const redactor = own.get(project) ?? general;
    return redactor === "off" ? unchanged : redactor;
  };
  return {
    redact: (project, batch) => of(project).redact(project, batch),
    redactValue: (project, value) => of(project).redactValue(project, value),
  };
}

const unchanged: Redactor = {
  redact: (_project, batch) => Promise.resolve({ batch, counts: {} }),
  redactValue: (_project, value) => Promise.resolve(value),
};

/**
 * A store into which nothing goes that the redactor has not seen. Sessions and users are found and erased by what the outside calls them.
 * `report` is told the counts of each batch.
 */
export function redactingStore(store: TraceStore, redactor: Redactor, report: (counts: RedactionCounts) => void = () => {}): TraceStore {
  const selected = async (project: ProjectId, selection: ErasureSelection): Promise<ErasureSelection> => {
    if ("session" in selection) return { session: sessionId(await redactor.redactValue(project, selection.session)) };
    return "user" in selection ? { user: await redactor.redactValue(project, selection.user) } : selection;
  };
  return {
    async add(project, batch) {
      const redacted = await redactor.redact(project, batch);
      report(redacted.counts);
      return store.add(project, redacted.batch);
    },
    async erase(project, selection) {
      const found = await store.erase(project, await selected(project, selection));
      // What was stored before redaction was switched on is still called by its plain name.
      const plain = await store.erase(project, selection);
      return { sessions: found.sessions + plain.sessions };
    },
    overview: (query) => store.overview(query),
    read: (query) => store.read(query),
    async session(project, key) {
      return (await store.session(project, key)) ?? store.session(project, sessionId(await redactor.redactValue(project, key)));
    },
    clusters: (project) => store.clusters(project),
    close: () => store.close(),
  };
}
