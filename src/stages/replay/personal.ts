import { canonicalJson } from "../../domain/digest.ts";
import type { Json } from "../../domain/ids.ts";
import type { Session } from "../../domain/session.ts";

/** Values that may single out one person or thing: addresses, ids with digits, long numbers, typed placeholders. */
const identifying = /[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63}|<[A-Z][A-Z0-9_]{1,30}_[a-z0-9]{2,12}>|[\w#-]*\d[\w-]*/g;
const shortestNumber = 4;

/** The identifying values in a text: anything with four digits or more, or letters mixed with digits, or an address. */
export function identifiers(text: string): ReadonlySet<string> {
  return new Set((text.match(identifying) ?? []).map((value) => value.toLowerCase()).filter((value) => isIdentifying(value)));
}

function isIdentifying(value: string): boolean {
  if (value.includes("@") || value.startsWith("<")) return true;
  const digits = value.replace(/\D/g, "").length;
  return digits >= shortestNumber || (/[a-z]/.test(value) && digits >= 2);
}

const known = new WeakMap<Session, ReadonlySet<string>>();

/** Everything identifying that a session itself holds. */
export function identifiersOf(session: Session): ReadonlySet<string> {
  const remembered = known.get(session);
  if (remembered !== undefined) return remembered;
  const found = identifiers(session.messages.map((message) => canonicalJson(JSON.parse(JSON.stringify(message.parts)) as Json)).join("\n"));
  known.set(session, found);
  return found;
}

/**
 * Whether an answer recorded in other sessions may be served in this one: neither the question nor the answer holds an identifying value
 * that this session does not hold itself. So nobody's order, address or account number is ever shown to another person's conversation.
 */
export function isForeign(session: Session, input: Json, output: Json): boolean {
  const own = identifiersOf(session);
  for (const value of identifiers(`${canonicalJson(input)}\n${canonicalJson(output)}`)) if (!own.has(value)) return true;
  return false;
}
