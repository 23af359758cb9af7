import { describe, expect, test } from "vitest";
import { readClusterFile } from "../../src/adapters/cluster-file/cluster-file.ts";
import { TuneupError } from "../../src/domain/errors.ts";
import { projectId } from "../../src/domain/ids.ts";

const project = projectId("support");
const read = (value: unknown): ReturnType<typeof readClusterFile> =>
  readClusterFile("labelled.json", typeof value === "string" ? value : JSON.stringify(value), project);

function refusal(value: unknown): TuneupError {
  try {
    read(value);
  } catch (error) {
    if (error instanceof TuneupError) return error;
    throw error;
  }
  throw new Error("it was taken");
}

const refunds = { title: "refunds without reading the policy", members: ["s3", "s1", "s2"] };

describe("labelled clusters", () => {
  test("come back as they are, in the order of the file", () => {
    const whole = {
      id: "incident-17",
      title: "refunds",
      description: "Money goes out too early.",
      cause: "ignored-instruction",
      nature: "cause",
      members: ["a", "b"],
      exemplars: ["b"],
      users: 2,
      sessionsInWindow: 600,
      from: "2026-01-05T09:00:00+01:00",
      to: "2026-01-06T08:00:00.000Z",
      instructions: ["sha256:ab"],
    };
    expect(read([whole, refunds])).toEqual([
      { ...whole, project, origin: "labelled", profile: [], from: "2026-01-05T08:00:00.000Z" },
      expect.objectContaining({
        title: refunds.title,
        members: ["s1", "s2", "s3"],
        exemplars: ["s3", "s1", "s2"],
        cause: "unknown",
        origin: "labelled",
      }),
    ]);
  });

  test("may stand under a key, after a byte order mark, with keys that nobody knows", () => {
    const text = `\uFEFF${JSON.stringify({ clusters: [{ ...refunds, severity: "high" }], made_by: "an analyst" })}`;
    expect(read(text)).toEqual(read([refunds]));
  });

  test("keep their ids from run to run without naming one", () => {
    expect(read([refunds])[0]?.id).toBe(read([{ ...refunds, members: ["s9"] }])[0]?.id);
    expect(read([refunds])[0]?.id).toMatch(/^c-[0-9a-f]{8}$/);
  });

  test("may share sessions, and there may be none", () => {
    expect(read([refunds, { title: "late refunds", members: ["s1"] }])).toHaveLength(2);
    expect(read([])).toEqual([]);
  });
});

describe("a file that is not in order is refused", () => {
  test("with all its problems at once, and the known causes", () => {
    const error = refusal([
      { title: "", members: ["s1"] },
      { title: "b", members: [] },
      { title: "c", cause: "bad-luck", members: ["s1", 7] },
    ]);
    expect(error.code).toBe("file-malformed");
    expect(error.message).toMatch(/^The cluster file labelled\.json has 4 problems:\n/);
    expect(error.message).toContain("clusters[0].title: ");
    expect(error.message).toContain("clusters[1].members: must name at least one session");
    expect(error.message).toContain("clusters[2].cause: must be one of ignored-instruction, missing-instruction, ");
    expect(error.message).toContain("clusters[2].members[1]: ");
    expect(error.remedy).toContain("docs/clusters.md");
  });

  test("when ids, titles or members are doubled, or exemplars are no members", () => {
    const error = refusal([refunds, refunds, { title: "c", members: ["s1", "s2", "s1"], exemplars: ["s7"] }]);
    expect(error.message).toContain("2 clusters have one id, c-");
    expect(error.message).toContain('"refunds without reading the policy", "refunds without reading the policy"');
    expect(error.message).toContain("clusters[2].members: s1 is listed more than once");
    expect(error.message).toContain("clusters[2].exemplars: s7 is not among the members");
  });

  test("when it is something else, without quoting it", () => {
    expect(refusal("secret words").message).not.toContain("secret");
    expect(refusal({ refunds }).message).toContain("the file: ");
    expect(refusal([null, 5]).message).toContain("clusters[0]: ");
  });

  test("by the first twenty of many problems", () => {
    const error = refusal(Array.from({ length: 50 }, () => ({ title: "x" })));
    expect(error.message.split("\n")).toHaveLength(22);
    expect(error.message).toContain("and 30 more");
  });

  test("and never reaches a prototype", () => {
    const [cluster] = read(
      '[{"title": "x", "members": ["s1"], "__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}]',
    );
    expect(cluster).not.toHaveProperty("polluted");
    expect({}).not.toHaveProperty("polluted");
  });
});
