import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";
import type { Delivery } from "../../ports/inbox.ts";

export type ReadDelivery =
  | { readonly result: "delivery"; readonly delivery: Delivery; readonly action?: string }
  | { readonly result: "refused"; readonly status: number; readonly why: string };

const refused = (status: number, why: string): ReadDelivery => ({ result: "refused", status, why });
const headerOf = (value: string | string[] | undefined): string => (typeof value === "string" ? value : "");

/** What the headers say before a byte of the body is read: a reason to turn the request away, or none. */
export function headerProblem(headers: IncomingHttpHeaders): { readonly status: number; readonly why: string } | undefined {
  if (!/^application\/json(?:;|$)/i.test(headerOf(headers["content-type"])))
    return { status: 415, why: "webhooks of this App come as application/json" };
  if (headerOf(headers["x-hub-signature-256"]) === "") return { status: 400, why: "the delivery is not signed" };
  if (!/^[\w-]{1,100}$/.test(headerOf(headers["x-github-delivery"]))) return { status: 400, why: "the delivery has no id" };
  if (!/^[a-z0-9_]{1,100}$/.test(headerOf(headers["x-github-event"]))) return { status: 400, why: "the delivery names no event" };
  return undefined;
}

const payloadSchema = z.looseObject({
  action: z.string().max(100).optional(),
  comment: z.looseObject({ id: z.number().int().positive() }).optional(),
  repository: z.looseObject({ id: z.number().int().positive() }).optional(),
});

/** A comment is made once, whatever ids its deliveries have; other events may happen again to the same thing. */
const commentEvents: ReadonlySet<string> = new Set(["issue_comment", "pull_request_review_comment"]);

/** A delivery whose signature was checked: its id, event, body, and the key of what happens only once. */
export function deliveryOf(headers: IncomingHttpHeaders, body: Buffer): ReadDelivery {
  let json: unknown;
  const text = body.toString("utf8");
  try {
    json = JSON.parse(text);
  } catch {
    return refused(400, "the body is not JSON");
  }
  const parsed = payloadSchema.safeParse(json);
  if (!parsed.success) return refused(400, "the body is not a webhook's");
  const { action, comment, repository } = parsed.data;
  const event = headerOf(headers["x-github-event"]);
  const once = commentEvents.has(event) && action === "created" && comment !== undefined && repository !== undefined;
  return {
    result: "delivery",
    delivery: {
      id: headerOf(headers["x-github-delivery"]),
      event,
      body: text,
      ...(once ? { naturalKey: `${event}.created/${repository.id}/${comment.id}` } : {}),
    },
    ...(action === undefined ? {} : { action }),
  };
}
