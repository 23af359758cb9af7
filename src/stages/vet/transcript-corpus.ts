import { canonicalJson } from "../../domain/digest.ts";
import type { Json } from "../../domain/ids.ts";
import type { Message } from "../../domain/message.ts";
import type { Shown } from "../../domain/sample.ts";
import { runsOf, wordsOf } from "../../domain/text/word-runs.ts";

export const leakLength = 8;
export const quotationLength = 4;

/** What the drafter has read, in the forms in which it can be found again. Built once for a candidate. */
export interface TranscriptCorpus {
  /** Runs of eight words, and of four. */
  readonly runs: ReadonlySet<string>;
  readonly shortRuns: ReadonlySet<string>;
  /** Ids, addresses, numbers: tokens with what joins them, in lower case. */
  readonly tokens: ReadonlySet<string>;
  /** Names of people as they are written, by what they are in lower case. */
  readonly names: ReadonlyMap<string, string>;
  /** Words that the agent writes small: a name among them is a plain word as well. */
  readonly plainWords: ReadonlySet<string>;
}

export function transcriptCorpus(transcripts: readonly Shown[]): TranscriptCorpus {
  const runs = new Set<string>();
  const shortRuns = new Set<string>();
  const tokens = new Set<string>();
  const names = new Map<string, string>();
  const plainWords = new Set<string>();
  for (const session of transcripts) {
    const texts = [...new Set([...session.messages.flatMap((message) => textsOf(message)), ...outsideMessages(session)])];
    for (const text of texts) {
      const words = wordsOf(text);
      for (const run of runsOf(words, leakLength)) runs.add(run);
      for (const run of runsOf(words, quotationLength)) shortRuns.add(run);
      for (const token of tokensOf(text)) tokens.add(token);
    }
    for (const name of namesOf(session)) names.set(name.toLowerCase(), name);
    for (const word of smallWordsOf(session)) plainWords.add(word);
  }
  return { runs, shortRuns, tokens, names, plainWords };
}

/** Feedback, and tool errors that are not in the conversation. */
function outsideMessages(session: Shown): readonly string[] {
  const errors = session.calls.flatMap((call) => (call.error === undefined ? [] : [call.error]));
  return [...errors, ...strings(JSON.parse(JSON.stringify(session.feedback)) as Json)];
}

function textsOf(message: Message): readonly string[] {
  return message.parts.flatMap((part) => {
    switch (part.kind) {
      case "text":
      case "reasoning":
        return [part.text];
      case "opaque":
        return jsonTexts(part.value);
      case "tool-request":
        return jsonTexts(part.input);
      case "tool-result":
        return jsonTexts(part.output);
    }
  });
}

/** A value as the drafter saw it, and every text in it for itself. */
function jsonTexts(value: Json): readonly string[] {
  const whole = typeof value === "string" ? value : canonicalJson(value);
  return [unescaped(whole), ...strings(parsedJson(value))];
}

const unescaped = (text: string): string => text.replace(/\\[nrt]/g, " ").replace(/\\(["\\/])/g, "$1");

const deepest = 40;

function strings(value: Json, depth = 0): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [String(value)];
  if (value === null || typeof value !== "object" || depth > deepest) return [];
  return Object.values(value as Readonly<Record<string, Json>>).flatMap((item) => strings(item, depth + 1));
}

const longestParsed = 500_000;

/** Tools often answer with JSON in a text. */
function parsedJson(value: Json): Json {
  if (typeof value !== "string" || value.length > longestParsed || !/^\s*[{[]/.test(value)) return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

const token = /[\p{L}\p{N}_.@#+-]{4,200}/gu;
const isTelling = (text: string): boolean =>
  /^\d{5,}$/.test(text.replace(/[.,+-]/g, "")) ||
  (/\d/.test(text) && (/[_#@]/.test(text) || (text.match(/\d/g)?.length ?? 0) >= 3)) ||
  /.@./.test(text);

/** A part of an id that points to it by itself: letters with figures, or five figures. */
const isTellingPart = (text: string): boolean => /^\d{5,}$/.test(text) || (text.length >= 4 && /\d{2}/.test(text) && /\p{L}/u.test(text));

/** Ids, addresses and long numbers of a text, in lower case; digits that white space or commas group count as one number. */
export function tokensOf(text: string): ReadonlySet<string> {
  const plain = text.normalize("NFKC").toLowerCase();
  const grouped = plain.match(/\d[\d ,.-]{3,30}\d/g) ?? [];
  const found = (plain.match(token) ?? [])
    .map((one) => one.replace(/^[.+-]+|[.+-]+$/g, ""))
    .filter((one) => isTelling(one) || isTellingPart(one));
  const numbers = grouped.map((one) => one.replace(/\D/g, "")).filter((one) => one.length >= 5);
  const parts = found.flatMap((one) => one.split(/[-_.@#+]+/)).filter((part) => isTellingPart(part));
  return new Set([...found, ...found.map((one) => one.replace(/^[#@]+/, "")), ...parts, ...numbers]);
}

const nameKey =
  /^(?:(?:first|last|full|given|family|middle|sur|user|customer|passenger|contact|account|card_?holder|holder|recipient|employee|patient|client|member|guest)[_ -]?names?|surname|author|owner|recipient|passenger|holder)$/i;
const personKey = /^(?:e-?mail|phone|address|street|zip|postal_?code|date_of_birth|dob|first_name|last_name|user_?id|customer_?id)/i;
const capitalised = /\p{Lu}[\p{L}\p{M}'’-]+/gu;
/** No flag for case: with it, \p{Lu} would match small letters too. */
const introduction =
  /\b(?:[Mm]y (?:full |first |last )?name is|[Mm]y name's|I am|I'm|i am|i'm|[Tt]his is|[Ii]t's|[Hh]ere is|[Ss]igned|[Rr]egards|[Ss]incerely|[Tt]hanks),?\s+(\p{Lu}[\p{L}'’-]+(?:\s+\p{Lu}[\p{L}'’-]+){0,3})/gu;

/** No part of an id or an address. */
const smallWord = /(?<![\p{L}\p{N}_@.-])\p{Ll}[\p{Ll}\p{M}'’-]+(?![\p{L}\p{N}_@-]|\.[\p{L}\p{N}])/gu;

const smallWordsOf = (session: Shown): readonly string[] =>
  session.messages.flatMap((message) =>
    message.role === "assistant" ? message.parts.flatMap((part) => (part.kind === "text" ? (part.text.match(smallWord) ?? []) : [])) : [],
  );

/** Names of people: in fields that hold such, and where users introduce themselves. */
function namesOf(session: Shown): readonly string[] {
  const names: string[] = [];
  for (const message of session.messages) {
    for (const part of message.parts) {
      if (part.kind === "text" && message.role === "user")
        for (const [, name = ""] of part.text.matchAll(introduction)) names.push(...(name.match(capitalised) ?? []));
      if (part.kind === "tool-request") namedIn(parsedJson(part.input), names, 0);
      if (part.kind === "tool-result") namedIn(parsedJson(part.output), names, 0);
    }
  }
  return names.filter((name) => name.length >= 2);
}

function namedIn(value: Json, names: string[], depth: number): void {
  if (value === null || typeof value !== "object" || depth > deepest) return;
  const entries = Object.entries(value as Readonly<Record<string, Json>>);
  const isPerson = entries.some(([key]) => personKey.test(key));
  for (const [key, item] of entries) {
    const isName = nameKey.test(key) || (isPerson && /^(?:name|city|company)$/i.test(key));
    if (isName) for (const text of strings(item)) names.push(...(text.match(capitalised) ?? []));
    namedIn(item, names, depth + 1);
  }
}
