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

const sessionIdentifiers = new WeakMap<Session, ReadonlySet<string>>();

/** Everything identifying that a session itself holds. */
export function identifiersOf(session: Session): ReadonlySet<string> {
  const remembered = sessionIdentifiers.get(session);
  if (remembered !== undefined) return remembered;
  const found = identifiers(session.messages.map((message) => canonicalJson(JSON.parse(JSON.stringify(message.parts)) as Json)).join("\n"));
  sessionIdentifiers.set(session, found);
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

/** Whether a value names one person or thing: an address, an id, a number of four digits or more. */
export const holdsIdentifier = (value: Json): boolean => identifiers(canonicalJson(value)).size > 0;

const personalField =
  /^(?:(?:user|customer|client|member|patient|employee|contact|account|holder|owner|passenger)_?)?(?:first_?name|last_?name|sur_?name|full_?name|user_?name|e_?mail|phone|mobile|address|street|dob|birth_?da(?:y|te)|ssn|passport|iban|balance)$/i;
const ownerName = /^(?:user|customer|client|member|patient|employee|contact|account|holder|owner|passenger)(?:_?name)?$/i;

/**
 * Whether an answer holds somebody's own data by the names of its fields, unless this session holds the same value itself. Where nobody
 * knows who asked (`unknown`), a plain `name` counts too.
 */
export function isPersonal(session: Session, output: Json, people: "known" | "unknown"): boolean {
  const own = () => ownText(session);
  const walk = (value: Json, field: string): boolean => {
    if (value !== null && typeof value === "object")
      return Array.isArray(value)
        ? value.some((item: Json) => walk(item, field))
        : Object.entries(value as { readonly [key: string]: Json }).some(([name, item]) => walk(item, name));
    if (value === null || value === "" || typeof value === "boolean") return false;
    const named = personalField.test(field) || ownerName.test(field) || (people === "unknown" && /^name$/i.test(field));
    return named && !own().includes(String(value).toLowerCase());
  };
  return walk(opened(output), "");
}

function opened(value: Json): Json {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

const texts = new WeakMap<Session, string>();

function ownText(session: Session): string {
  const known = texts.get(session);
  if (known !== undefined) return known;
  const text = session.messages
    .map((message) => JSON.stringify(message.parts))
    .join("\n")
    .toLowerCase();
  texts.set(session, text);
  return text;
}
