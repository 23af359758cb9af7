/** Whose session a text was seen in. */
export interface Place {
  readonly session: string;
  readonly user?: string;
}

interface Seen {
  readonly value: string;
  readonly sessions: Set<string>;
  readonly users: Set<string>;
  /** Another value stood in the same place: it is filled in for each person. */
  varies: boolean;
}

const sessionsNeeded = 3;
const usersNeeded = 2;
const mostPlaces = 50_000;
const contextLength = 48;

/**
 * Tells the operator's own values in prompts (a support address) from those that are filled in for each person. A value is the
 * operator's when it stood behind the same words in the prompts of two users or three sessions, and no other value ever did.
 * Until then it counts as somebody's.
 */
export class OperatorValues {
  readonly #seen = new Map<string, Seen>();
  /** Grows whenever an answer of `isOperators` may have changed. */
  changes = 0;

  /** Notes a value behind the text `before` in a prompt, and says whether it is the operator's own. */
  isOperators(value: string, before: string, place: Place): boolean {
    const words = before.slice(-contextLength).replace(/\d/g, "0").replace(/\s+/g, " ");
    const seen = this.#seenAt(words, value);
    if (seen.varies) return false;
    if (seen.value !== value) {
      seen.varies = true;
      this.changes += 1;
      return false;
    }
    const wasProven = isProven(seen);
    if (seen.sessions.size < sessionsNeeded) seen.sessions.add(place.session);
    if (place.user !== undefined && seen.users.size < usersNeeded) seen.users.add(place.user);
    if (wasProven !== isProven(seen)) this.changes += 1;
    return isProven(seen);
  }

  #seenAt(words: string, value: string): Seen {
    const known = this.#seen.get(words);
    if (known !== undefined) return known;
    if (this.#seen.size >= mostPlaces)
      for (const oldest of this.#seen.keys()) {
        this.#seen.delete(oldest);
        break;
      }
    const seen: Seen = { value, sessions: new Set(), users: new Set(), varies: false };
    this.#seen.set(words, seen);
    return seen;
  }
}

const isProven = (seen: Seen): boolean => seen.users.size >= usersNeeded || (seen.sessions.size >= sessionsNeeded && seen.users.size === 0);

/** Names under which system prompts and tool definitions are kept, in attributes and in JSON. */
const operatorNames =
  /(?:^|[._])(?:system|system_?instructions?|system_?prompt|instructions|tool_?definitions|tool\.definitions|tools|functions|input_schema|json_schema)$|(?:^|\.)(?:llm\.tools|llm\.request\.functions|gen_ai\.tool\.definitions)\b/i;
/** A quick look for texts in which such names may be. */
const mayHoldOperatorText = /"(?:system|developer|instructions|tools|functions|system_?instructions?|systemInstruction|tool_definitions)"/;

export const isOperatorName = (name: string): boolean => operatorNames.test(name);

/** The attributes that say whose message an attribute `prefix.content` is: `prefix.role` and `prefix.message.role`. Empty for every other name. */
export function rolesOf(name: string): readonly string[] {
  const end = name.search(/\.(?:content|contents|message\.content)(?:\.|$)/);
  return end === -1 ? [] : [`${name.slice(0, end)}.role`, `${name.slice(0, end)}.message.role`];
}

/** Whether the role is that of whoever runs the agent. */
export const isOperatorRole = (role: unknown): boolean => role === "system" || role === "developer";

/** The strings of a parsed value that are system prompts or tool definitions. */
export function operatorStrings(text: string, value: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  if (mayHoldOperatorText.test(text)) collect(value, false, found);
  return found;
}

function collect(value: unknown, inside: boolean, found: Set<string>): void {
  if (typeof value === "string") {
    if (inside) found.add(value);
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, inside, found);
  } else if (value !== null && typeof value === "object") {
    const own = inside || ("role" in value && isOperatorRole(value.role));
    for (const [name, item] of Object.entries(value)) collect(item, own || isOperatorName(name), found);
  }
}
