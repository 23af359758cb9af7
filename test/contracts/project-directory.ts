import { describe, expect, test } from "vitest";
import { instant, later, projectId } from "../../src/domain/ids.ts";
import type { TokenHash } from "../../src/domain/receiving/project-token.ts";
import type { ProjectDirectory } from "../../src/ports/project-directory.ts";

const [one, two, three] = ["1", "2", "3"].map((digit) => digit.repeat(64)) as [TokenHash, TokenHash, TokenHash];
const support = projectId("support");
const noon = instant("2026-01-20T12:00:00.000Z");
const hour = 3_600_000;

/** What a directory of trace projects owes, whatever it is kept in. `open` gives two handles on one empty database, as two processes have them. */
export function projectDirectoryContract(title: string, open: () => Promise<readonly [ProjectDirectory, ProjectDirectory]>): void {
  describe(`${title} keep the contract`, () => {
    test("a token opens the project it was made for, and a project is made once", async () => {
      const [projects] = await open();
      expect(await projects.projectOf(one, noon)).toBeUndefined();
      expect(await projects.create(support, one, noon)).toBe("created");
      expect(await projects.create(support, two, noon)).toBe("exists");
      expect(await projects.projectOf(one, noon)).toBe("support");
      expect(await projects.projectOf(two, noon)).toBeUndefined();
      await projects.close();
    });

    test("after a rotation the old token works to the end of its grace and not a moment longer", async () => {
      const [projects] = await open();
      expect(await projects.rotate(support, two, { at: noon, oldUntil: noon })).toBe("absent");
      await projects.create(support, one, noon);
      await projects.rotate(support, two, { at: noon, oldUntil: later(noon, hour) });
      expect(await projects.projectOf(one, later(noon, hour - 1))).toBe("support");
      expect(await projects.projectOf(one, later(noon, hour))).toBeUndefined();
      expect(await projects.projectOf(two, later(noon, 999 * hour))).toBe("support");
      await projects.close();
    });

    test("a second rotation gives no earlier token more time, and one without grace ends all others", async () => {
      const [projects] = await open();
      await projects.create(support, one, noon);
      await projects.rotate(support, two, { at: noon, oldUntil: later(noon, hour) });
      await projects.rotate(support, three, { at: noon, oldUntil: later(noon, 5 * hour) });
      expect(await projects.projectOf(one, later(noon, 2 * hour))).toBeUndefined();
      expect(await projects.projectOf(two, later(noon, 2 * hour))).toBe("support");
      const [listed] = await projects.list(later(noon, 2 * hour));
      expect(listed?.tokens).toEqual([{ createdAt: noon, until: later(noon, 5 * hour) }, { createdAt: noon }]);
      await projects.rotate(support, one, { at: later(noon, 2 * hour), oldUntil: later(noon, 2 * hour) });
      expect(await projects.projectOf(two, later(noon, 2 * hour))).toBeUndefined();
      expect(await projects.projectOf(three, later(noon, 2 * hour))).toBeUndefined();
      expect(await projects.projectOf(one, later(noon, 2 * hour))).toBe("support");
      await projects.close();
    });

    test("counts what was received, and forgets a project with its tokens; other handles see it at once", async () => {
      const [projects, other] = await open();
      await projects.create(support, one, noon);
      await projects.create(projectId("billing"), two, noon);
      await projects.noteReceived(support, { at: noon, spans: 3, logRecords: 1 });
      await projects.noteReceived(support, { at: later(noon, hour), spans: 2, logRecords: 0 });
      await projects.noteReceived(projectId("nobody"), { at: noon, spans: 2, logRecords: 0 });
      expect(
        (await other.list(noon)).map(({ name, lastReceivedAt, spans, logRecords }) => [name, lastReceivedAt, spans, logRecords]),
      ).toEqual([
        ["billing", undefined, 0, 0],
        ["support", later(noon, hour), 5, 1],
      ]);
      expect(await projects.remove(support)).toBe("removed");
      expect(await projects.remove(support)).toBe("absent");
      expect(await other.projectOf(one, noon)).toBeUndefined();
      expect(await other.projectOf(two, noon)).toBe("billing");
      await projects.close();
      await other.close();
    });
  });
}
