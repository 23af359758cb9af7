import { describe, expect, test } from "vitest";
import { Admission, isWait, type Ticket } from "../../../src/app/otlp/admission.ts";
import { projectId } from "../../../src/domain/ids.ts";

const [one, other] = [projectId("one"), projectId("other")];
const limits = { bytesInFlight: 1000, requestsInFlight: 3, bytesPerSecond: 100, burst: 400 };

function anAdmission(changes: Partial<typeof limits> = {}): {
  readonly admission: Admission;
  readonly pass: (milliseconds: number) => void;
} {
  let now = 0;
  return { admission: new Admission({ ...limits, ...changes }, () => now), pass: (milliseconds) => void (now += milliseconds) };
}

function ticketOf(entered: ReturnType<Admission["enter"]>): Ticket {
  if (isWait(entered)) throw new Error(entered.why);
  return entered;
}

describe("back-pressure", () => {
  test("asks everybody to wait while too many requests are under way", () => {
    const { admission } = anAdmission();
    const tickets = [one, one, other].map((project) => ticketOf(admission.enter(project)));
    expect(admission.enter(other)).toMatchObject({ status: 503, retryAfter: 1 });
    tickets[0]?.release();
    expect(isWait(admission.enter(other))).toBe(false);
  });

  test("asks everybody to wait while too many bytes are under way, and gives all of them back", () => {
    const { admission } = anAdmission({ burst: 1_000_000 });
    const first = ticketOf(admission.enter(one));
    expect(first.reserve(900)).toBeUndefined();
    const second = ticketOf(admission.enter(other));
    expect(second.reserve(200)).toMatchObject({ status: 503 });
    second.release();
    expect(ticketOf(admission.enter(other)).reserve(100)).toBeUndefined();
    expect(admission.enter(other)).toMatchObject({ status: 503 });
    first.release();
    expect(ticketOf(admission.enter(other)).reserve(900)).toBeUndefined();
  });

  test("a project that sends too much waits as long as it takes to pay for it; the others do not", () => {
    const { admission, pass } = anAdmission();
    const ticket = ticketOf(admission.enter(one));
    ticket.reserve(900);
    ticket.release();
    expect(admission.enter(one)).toMatchObject({ status: 429, retryAfter: 5 });
    expect(isWait(admission.enter(other))).toBe(false);
    pass(4_900);
    expect(admission.enter(one)).toMatchObject({ status: 429, retryAfter: 1 });
    pass(200);
    expect(isWait(admission.enter(one))).toBe(false);
  });

  test("a pause saves up no more than the burst, and a clock set back gives nothing", () => {
    const { admission, pass } = anAdmission();
    pass(3_600_000);
    const ticket = ticketOf(admission.enter(one));
    ticket.reserve(401);
    ticket.release();
    expect(isWait(admission.enter(one))).toBe(true);
    pass(-1_000_000);
    expect(isWait(admission.enter(one))).toBe(true);
  });
});
