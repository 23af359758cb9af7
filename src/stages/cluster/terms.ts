import { textOf } from "../../domain/message.ts";
import { type Session, toolCalls } from "../../domain/session.ts";
import { voterOf } from "./failure-group.ts";

const stopWords: ReadonlySet<string> = new Set(
  "a an and are as at be been but by can could did do does for from had has have he her him his how i if in into is it its just me my no not of on or our out she should so some than that the their them then there these they this those to too up us was we were what when where which who why will with would you your yours hi hello please thanks thank ok okay yes stop sure let know like need want get got help here now once also very really only still back again more other another one two all any both each much many already yet however first last next new am being because after before about while there's i'm i'd i've i'll you're it's that's don't didn't can't doesn't isn't further anything everything something else great perfect sorry welcome day good nice thing things way able make made provide provided assist assistance feel free questions".split(
    " ",
  ),
);

const longestText = 4000;
const mostErrors = 20;

/** Cuts the commonest English endings, so that `refunds`, `refunded` and `refund` are one term. */
function stem(word: string): string {
  if (word.length <= 4) return word;
  return word.replace(/(?:ies)$/, "y").replace(/(?:ing|edly|ed|es|s)$/, "");
}

const writtenWords = (text: string): readonly string[] => text.slice(0, longestText).match(/\p{L}[\p{L}'’-]{2,30}/gu) ?? [];

const stemsOf = (text: string): readonly string[] =>
  writtenWords(text.toLowerCase())
    .filter((word) => !stopWords.has(word))
    .map((word) => stem(word));

/** What a session says of its kind: the user's first and last turn, the agent's last turn and tool errors. */
function textsOf(session: Session): readonly string[] {
  const users = session.messages.filter((message) => message.role === "user");
  const agent = session.messages.findLast((message) => message.role === "assistant" && textOf(message) !== "");
  const turns = [users[0], users.length > 1 ? users.at(-1) : undefined, agent].flatMap((message) =>
    message === undefined ? [] : [textOf(message)],
  );
  return [
    ...turns,
    ...toolCalls(session)
      .flatMap((call) => call.error ?? [])
      .slice(-mostErrors),
  ];
}

/**
 * Words and pairs of words of what a session says of its kind, in stems. Numbers and ids are left out: they name one person's case, not a
 * kind.
 */
export function termsOf(session: Session): ReadonlySet<string> {
  const terms = new Set<string>();
  for (const text of textsOf(session)) {
    let previous: string | undefined;
    for (const word of stemsOf(text)) {
      terms.add(word);
      if (previous !== undefined) terms.add(`${previous} ${word}`);
      previous = word;
    }
  }
  return terms;
}

const fewestVotes = 3;

/**
 * Terms fit to be shown to others, as people write them: the commonest spelling of each among these sessions. A word that fewer than three
 * people used, or that is mostly written with a capital, may be a name, and is left out.
 */
export function spelledOut(terms: readonly string[], sessions: readonly Session[]): readonly string[] {
  const uses = usesOf(new Set(terms.flatMap((term) => term.split(" "))), sessions);
  return terms.flatMap((term) => {
    const spellings = term.split(" ").map((word) => commonestSpelling(uses.get(word)));
    return spellings.includes(undefined) ? [] : [spellings.join(" ")];
  });
}

interface Uses {
  readonly voters: Set<string>;
  readonly spellings: Map<string, number>;
}

function usesOf(wanted: ReadonlySet<string>, sessions: readonly Session[]): ReadonlyMap<string, Uses> {
  const uses = new Map<string, Uses>();
  for (const session of sessions) {
    for (const written of textsOf(session).flatMap((text) => writtenWords(text))) {
      const found = stem(written.toLowerCase());
      if (!wanted.has(found)) continue;
      const use = uses.get(found) ?? { voters: new Set(), spellings: new Map() };
      use.voters.add(voterOf(session));
      use.spellings.set(written, (use.spellings.get(written) ?? 0) + 1);
      uses.set(found, use);
    }
  }
  return uses;
}

function commonestSpelling(uses: Uses | undefined): string | undefined {
  if (uses === undefined || uses.voters.size < fewestVotes) return undefined;
  const [commonest] = [...uses.spellings].toSorted(
    ([leftWord, left], [rightWord, right]) => right - left || (leftWord < rightWord ? -1 : 1),
  );
  const [word] = commonest ?? [];
  return word === undefined || word !== word.toLowerCase() ? undefined : word;
}
