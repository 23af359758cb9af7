import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Instant, instant, later } from "../../src/domain/ids.ts";
import type { ServiceRecords } from "../../src/compose/state.ts";

const start = instant("2026-01-01T00:00:00.000Z");
const at = (seconds: number): Instant => later(start, seconds * 1000);
const delivery = { id: "guid-1", event: "issue_comment", body: '{"a":1}' };

/** What deliveries, leases and the audit log owe, whatever they are kept in. `open` gives two handles on one empty database, as two processes have them. */
export function serviceRecordsContract(name: string, open: () => Promise<readonly [ServiceRecords, ServiceRecords]>): void {
  describe(`${name} keep the contract`, () => {
    let records: ServiceRecords;
    let other: ServiceRecords;
    beforeEach(async () => {
      [records, other] = await open();
    });
    afterEach(async () => {
      await records.close();
      await other.close();
    });
    describe("the inbox", () => {
      test("takes a delivery once, also when it comes fifty times at once through two processes", async () => {
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? records : other).inbox.receive(delivery, start)),
        );
        expect(answers.filter((answer) => answer === "new")).toHaveLength(1);
      });

      test("takes one event once, whatever id its delivery has", async () => {
        expect(await records.inbox.receive({ ...delivery, naturalKey: "comment/555" }, start)).toBe("new");
        expect(await records.inbox.receive({ ...delivery, id: "guid-2", naturalKey: "comment/555" }, start)).toBe("seen");
        expect(await records.inbox.receive({ ...delivery, id: "guid-3", naturalKey: "comment/556" }, start)).toBe("new");
      });

      test("hands a delivery to one worker at a time, and to the next when its lease has ended", async () => {
        await records.inbox.receive(delivery, start);
        const first = await records.inbox.claim(at(1), 10_000);
        expect(first).toMatchObject({ ...delivery, attempt: 1 });
        expect(await other.inbox.claim(at(2), 10_000)).toBeUndefined();
        const second = await other.inbox.claim(at(12), 10_000);
        expect(second).toMatchObject({ id: "guid-1", attempt: 2 });
        if (first === undefined || second === undefined) throw new Error("nothing to claim");
        // Who came too late may neither end nor fail what somebody else works on.
        expect([await records.inbox.finish(first), await records.inbox.fail(first, "late", undefined)]).toEqual([false, false]);
        expect(await other.inbox.finish(second)).toBe(true);
        expect(await records.inbox.claim(at(100), 1)).toBeUndefined();
        expect(await records.inbox.list(["done"], 10)).toMatchObject([{ id: "guid-1", state: "done", attempts: 2 }]);
      });

      test("keeps what failed with its reason, tries it again when due, when asked, or when GitHub sends it again", async () => {
        await records.inbox.receive(delivery, start);
        const claim = async (seconds: number) => {
          const found = await records.inbox.claim(at(seconds), 1000);
          if (found === undefined) throw new Error("nothing to claim");
          return found;
        };
        await records.inbox.fail(await claim(0), "GitHub answered 502", at(60));
        expect(await records.inbox.claim(at(59), 1000)).toBeUndefined();
        await records.inbox.fail(await claim(60), "GitHub answered 502", undefined);
        expect(await records.inbox.list(["failed"], 10)).toMatchObject([{ id: "guid-1", reason: "GitHub answered 502" }]);
        expect(await records.inbox.counts()).toMatchObject({ waiting: 0 });
        expect([await records.inbox.retry("guid-1", at(70)), await records.inbox.retry("guid-1", at(70))]).toEqual([true, false]);
        expect(await records.inbox.counts()).toMatchObject({ waiting: 1, oldest: start });
        await records.inbox.fail(await claim(70), "again", undefined);
        expect(await records.inbox.receive(delivery, at(80))).toBe("new");
        expect((await claim(80)).body).toBe(delivery.body);
      });
    });

    describe("leases", () => {
      test("are one holder's at a time, and each new holder's token is higher", async () => {
        const first = await records.leases.acquire("sweeper", "a", at(0), 10_000);
        expect(await other.leases.acquire("sweeper", "b", at(5), 10_000)).toBeUndefined();
        const second = await other.leases.acquire("sweeper", "b", at(10), 10_000);
        expect([first?.token, second?.token]).toEqual([1, 2]);
        if (first === undefined || second === undefined) throw new Error("no lease");
        expect([await records.leases.holds(first, at(11)), await records.leases.renew(first, at(11), 1)]).toEqual([false, false]);
        expect([await records.leases.holds(second, at(11)), await other.leases.renew(second, at(11), 20_000)]).toEqual([true, true]);
        expect(await other.leases.holds(second, at(30))).toBe(true);
        await records.leases.release(first);
        expect(await other.leases.holds(second, at(30))).toBe(true);
        await other.leases.release(second);
        expect((await records.leases.acquire("sweeper", "a", at(30), 1000))?.token).toBe(3);
      });

      test("that ended are not the old holder's again under the old token", async () => {
        const first = await records.leases.acquire("x", "a", at(0), 1000);
        const again = await records.leases.acquire("x", "a", at(0.5), 1000);
        const late = await records.leases.acquire("x", "a", at(60), 1000);
        expect([first?.token, again?.token, late?.token]).toEqual([1, 1, 2]);
      });
    });

    describe("the audit log", () => {
      test("gives back what was recorded, newest first, by repository when asked", async () => {
        await records.audit.record({ at: at(0), action: "command", actor: "ada", repository: "acme/a", details: { comment: 5 } });
        await other.audit.record({ at: at(1), action: "write", actor: "tuneup", repository: "acme/b", details: {} });
        expect((await records.audit.entries(10)).map((entry) => entry.action)).toEqual(["write", "command"]);
        expect(await records.audit.entries(10, "acme/a")).toEqual([
          { at: at(0), action: "command", actor: "ada", repository: "acme/a", details: { comment: 5 } },
        ]);
      });
    });

    test("can be asked whether they can be written", async () => {
      await expect(records.check()).resolves.toBeUndefined();
    });
  });
}
