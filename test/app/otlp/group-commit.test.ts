import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { GroupCommit } from "../../../src/app/otlp/group-commit.ts";
import { projectId } from "../../../src/domain/ids.ts";
import type { TraceBatch } from "../../../src/domain/span.ts";
import { aSpan } from "../../contracts/trace-store.ts";

const [one, other] = [projectId("one"), projectId("other")];
const batchOf = (count: number, name = "good"): TraceBatch => ({ spans: Array.from({ length: count }, () => aSpan({ name })) });

/** A store that notes what it was given; `holds` keeps each write waiting, `fails` makes those with a bad span fail. */
function aStore(options: { readonly fails?: (batch: TraceBatch) => boolean } = {}) {
  const writes: [string, number][] = [];
  return {
    writes,
    add: async (project: string, batch: TraceBatch) => {
      writes.push([project, batch.spans.length]);
      await nextTurn();
      if (options.fails?.(batch) === true) throw new Error("bad");
      return { added: batch.spans.length, known: 0 };
    },
  };
}

describe("a group commit", () => {
  test("writes what waits together once for each project, and the projects take turns", async () => {
    const store = aStore();
    const commits = new GroupCommit(store);
    const adding = [one, one, other, one].map((project) => commits.add(project, batchOf(2)));
    await Promise.all(adding);
    expect(store.writes).toEqual([
      ["one", 6],
      ["other", 2],
    ]);
  });

  test("what comes during a write goes into the next one", async () => {
    const store = aStore();
    const commits = new GroupCommit(store);
    const first = commits.add(one, batchOf(1));
    await nextTurn();
    const later = [commits.add(one, batchOf(1)), commits.add(one, batchOf(1))];
    await Promise.all([first, ...later]);
    expect(store.writes.map(([, spans]) => spans)).toEqual([1, 2]);
  });

  test("a group has a size, and a busy project does not keep another from its turn", async () => {
    const store = aStore();
    const commits = new GroupCommit(store);
    await Promise.all([...Array.from({ length: 3 }, () => commits.add(one, batchOf(700))), commits.add(other, batchOf(1))]);
    expect(store.writes).toEqual([
      ["one", 700],
      ["other", 1],
      ["one", 700],
      ["one", 700],
    ]);
  });

  test("a large batch is written in pieces, and is done when the last one is", async () => {
    const store = aStore();
    const commits = new GroupCommit(store);
    const { spans } = batchOf(2300);
    await commits.add(one, { spans, logs: [], feedback: [{ traceId: "t", feedback: { name: "n", by: "user" } }] });
    expect(store.writes.map(([, written]) => written)).toEqual([1000, 1000, 300, 0]);
  });

  test("one batch that cannot be written fails alone", async () => {
    const store = aStore({ fails: (batch) => batch.spans.some((span) => span.name === "bad") });
    const commits = new GroupCommit(store);
    const ends = await Promise.allSettled([
      commits.add(one, batchOf(1)),
      commits.add(one, batchOf(1, "bad")),
      commits.add(one, batchOf(1)),
    ]);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  test("a store that is down is not asked again for every sender", async () => {
    const store = aStore({ fails: () => true });
    const commits = new GroupCommit(store);
    const ends = await Promise.allSettled(Array.from({ length: 50 }, () => commits.add(one, batchOf(1))));
    expect(ends.every(({ status }) => status === "rejected")).toBe(true);
    expect(store.writes).toHaveLength(3);
    await commits.idle();
  });
});
