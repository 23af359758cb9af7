import type { SecretRange, SecretScanner } from "../../ports/redactor.ts";
import { joinJsonList } from "../../domain/text/json-list.ts";
import { ListSplitter } from "../../domain/text/list-splitter.ts";
import { parsedJson, rewriteJson } from "./json-strings.ts";
import { KnownNumbers } from "./known-numbers.ts";
import { operatorStrings, OperatorValues, type Place } from "./operator-text.ts";
import { cardValue, type Detector, type Finding, findPersonalData, phoneValue } from "./personal-data.ts";
import { isPlaceholder, segmentsOf } from "./placeholder.ts";
import { TextCache } from "./text-cache.ts";

/** What a text stands under, and whether it is the operator's: both may change what is found in it. */
export interface TextPlace extends Place {
  /** The nearest name above: an attribute's key or a JSON field. */
  readonly field: string;
  readonly operator: boolean;
}

/** What a redactor of one project is made of. */
export interface TextRedactorParts {
  readonly placeholder: (kind: string, value: string) => string;
  readonly scanner: SecretScanner | undefined;
  /** Detectors besides those that are always on. */
  readonly further: readonly Detector[];
  /** Values that stay, lower case. */
  readonly keep: ReadonlySet<string>;
}

interface Remembered {
  /** Absent: the text stays as it is. */
  readonly text?: string;
  readonly counts?: ReadonlyMap<string, number>;
  /** What is learned later in the same batch may change it. */
  readonly isOpen: boolean;
}

const unchanged: Remembered = { isOpen: false };
const unchangedYet: Remembered = { isOpen: true };
const nothing: ReadonlyMap<string, number> = new Map();
const longRun = /\d{8}/;
const cachedCharacters = 24_000_000;
const deepestJson = 6;
const splitFrom = 200;

const phoneField = /(?:phone|mobile|cell|fax|whatsapp|telephone)(?:[_-]?(?:number|no))?$/i;
const phoneForm = /^\+?[\d ()./-]{7,24}$/;
const secretField =
  /(?:^|[._-])(?:password|passwd|passphrase|pwd|secret|client_?secret|api_?key|apikey|access_?token|refresh_?token|auth_?token|authorization|private_?key|set-cookie|cookie|x-api-key|cvv|cvc)$/i;
const templateVariable = /^\W{0,3}[{<$%]/;
/** What every finding needs one of. */
const worthLooking = /[@\d\\]/;

/**
 * Redacts the texts of one project. Works in passes: a pass that learned something (a number in its telling form, a value that varies between
 * prompts) or met texts that only the asynchronous scanner can clear (`waiting`) must be made again; what passes found is kept by `settle`.
 */
export class TextRedactor {
  readonly #parts: TextRedactorParts;
  readonly #numbers = new KnownNumbers();
  readonly #operatorValues = new OperatorValues();
  readonly #settled = new TextCache<Remembered>(cachedCharacters);
  readonly #secrets = new TextCache<readonly SecretRange[]>(cachedCharacters / 4);
  readonly #lists = new ListSplitter();
  #fresh = new Map<string, Remembered>();
  #waiting = new Set<string>();
  #counts = new Map<string, number>();
  #unscanned = 0;
  #replacements = 0;
  #learned = 0;

  constructor(parts: TextRedactorParts) {
    this.#parts = parts;
  }

  /** Begins a pass. */
  begin(): void {
    if (this.#learned !== this.#knowledge()) for (const [key, { isOpen }] of this.#fresh) if (isOpen) this.#fresh.delete(key);
    this.#counts = new Map();
    this.#replacements = 0;
    this.#learned = this.#knowledge();
  }

  /** Ends a pass: the texts whose secrets must be looked for, and whether the pass must be made again. */
  async isFinal(): Promise<boolean> {
    const waiting = [...this.#waiting];
    this.#waiting = new Set();
    if (waiting.length > 0 && this.#parts.scanner !== undefined) {
      for (const [text, ranges] of await scanTogether(waiting, this.#parts.scanner)) this.#secrets.set(text, ranges);
      return false;
    }
    return this.#learned === this.#knowledge();
  }

  /** Keeps what the last pass found, so that a repeated text gives the same again without being looked at. */
  settle(): ReadonlyMap<string, number> {
    for (const [key, remembered] of this.#fresh) this.#settled.set(key, remembered);
    this.#fresh = new Map();
    return this.#counts;
  }

  /** The text without secrets and personal data. */
  redact(text: string, place: TextPlace): string {
    if (text.length >= splitFrom) {
      const list = this.#lists.split(text);
      if (list !== undefined && list.items.every((item) => item.startsWith("{"))) {
        const items = list.items.map((item) => this.#remembered(item, place, 0));
        return items.every((item, index) => item === list.items[index]) ? text : joinJsonList(items, list.separator);
      }
    }
    return this.#remembered(text, place, 0);
  }

  /** A long number; what is returned is another text where it was replaced. */
  redactNumber(digits: string, place: TextPlace): string {
    const phone = phoneField.test(place.field) ? phoneValue(digits) : undefined;
    const card = cardValue(digits);
    const finding =
      card !== undefined
        ? { kind: "CARD", value: card }
        : phone !== undefined
          ? { kind: "PHONE", value: phone }
          : this.#numbers.find(digits).find(({ end, start }) => end - start === digits.length);
    return finding === undefined ? digits : this.#replaced(finding.kind, finding.value);
  }

  #knowledge(): number {
    return this.#numbers.size + this.#operatorValues.changes;
  }

  #remembered(text: string, place: TextPlace, depth: number): string {
    if (this.#isHarmless(text, place)) return text;
    // A prompt's values stay or go by what was seen elsewhere; within one session they must not change.
    const scope = `${secretField.test(place.field) ? "s" : phoneField.test(place.field) ? "p" : ""}${place.operator ? `o${place.session}` : ""}`;
    const key = scope === "" ? text : `${scope}\u0000${text}`;
    const known = this.#settled.get(key) ?? this.#fresh.get(key);
    if (known !== undefined) {
      for (const [kind, count] of known.counts ?? []) this.#count(kind, count);
      return known.text ?? text;
    }
    const before = { counts: this.#counts.size === 0 ? nothing : new Map(this.#counts), replacements: this.#replacements };
    const unscanned = this.#unscanned;
    const result = this.#looked(text, place, depth);
    if (this.#unscanned === unscanned) {
      const isOpen = place.operator || longRun.test(text);
      const isSame = result === text && this.#replacements === before.replacements;
      const counts = isSame ? undefined : since(before.counts, this.#counts);
      this.#fresh.set(key, counts === undefined ? (isOpen ? unchangedYet : unchanged) : { text: result, counts, isOpen });
    }
    return result;
  }

  #isHarmless(text: string, place: TextPlace): boolean {
    if (text.length < 4) return !secretField.test(place.field);
    if (worthLooking.test(text) || this.#parts.further.length > 0 || secretField.test(place.field)) return false;
    return text.length < splitFrom && !(this.#parts.scanner?.suspects(text) ?? false);
  }

  #looked(text: string, place: TextPlace, depth: number): string {
    const parsed = depth < deepestJson ? parsedJson(text) : undefined;
    if (parsed === undefined) return this.#plain(text, place);
    const operators = place.operator ? undefined : operatorStrings(text, parsed.value);
    const at = (field: string, value: string): TextPlace => ({
      ...place,
      field: field === "" ? place.field : field,
      operator: place.operator || operators?.has(value) === true,
    });
    return rewriteJson(text, {
      string: (value, field) => this.#remembered(value, at(field, value), depth + 1),
      number: (digits, field) => this.redactNumber(digits, at(field, "")),
    });
  }

  #plain(text: string, place: TextPlace): string {
    const whole = this.#wholeValue(text, place);
    if (whole !== undefined) return whole;
    let current = text;
    // What is left beside a placeholder may be a value by itself, so the text is looked at until nothing is found.
    for (;;) {
      const findings = this.#findingsIn(current, place);
      if (findings.length === 0) return current;
      let written = "";
      let copied = 0;
      for (const { end, kind, start, value } of findings) {
        written += current.slice(copied, start) + this.#replaced(kind, value);
        copied = end;
      }
      current = written + current.slice(copied);
    }
  }

  /** A text that is a value as a whole, by the name it stands under. */
  #wholeValue(text: string, { field }: TextPlace): string | undefined {
    const value = text.trim();
    if (secretField.test(field) && value !== "" && !isPlaceholder(value) && !templateVariable.test(value) && !/^<[A-Z_]+>$/.test(value))
      return /^<[A-Z][A-Z0-9_]{1,30}_/.test(value) ? undefined : this.#replaced("SECRET", value);
    const phone = phoneField.test(field) && phoneForm.test(value) ? phoneValue(value) : undefined;
    if (phone === undefined) return undefined;
    this.#numbers.learn({ start: 0, end: value.length, kind: "PHONE", value: phone });
    return this.#replaced("PHONE", phone);
  }

  #findingsIn(text: string, place: TextPlace): readonly Finding[] {
    const all = segmentsOf(text).flatMap((segment) =>
      this.#found(segment.text).map((finding) => ({ ...finding, start: finding.start + segment.start, end: finding.end + segment.start })),
    );
    return apart(all).filter((finding) => !this.#isKept(finding, text, place));
  }

  #isKept({ kind, start, value }: Finding, text: string, place: TextPlace): boolean {
    if (kind === "SECRET") return false;
    if (this.#parts.keep.has(value.toLowerCase())) return true;
    return place.operator && this.#operatorValues.isOperators(this.#parts.placeholder(kind, value), text.slice(0, start), place);
  }

  #found(text: string): readonly Finding[] {
    const personal = findPersonalData(text);
    for (const finding of personal) this.#numbers.learn(finding);
    return [
      ...this.#secretsIn(text),
      ...personal,
      ...this.#parts.further.flatMap((detector) => detector(text)),
      ...this.#numbers.find(text),
    ];
  }

  #secretsIn(text: string): readonly Finding[] {
    if (this.#parts.scanner?.suspects(text) !== true) return [];
    const ranges = this.#secrets.get(text);
    if (ranges === undefined) {
      // Counted each time: the same text may wait for another message already.
      this.#unscanned += 1;
      this.#waiting.add(text);
    }
    return (ranges ?? []).map(({ end, start }) => ({ start, end, kind: "SECRET", value: text.slice(start, end) }));
  }

  #replaced(kind: string, value: string): string {
    this.#count(kind, 1);
    return this.#parts.placeholder(kind, value);
  }

  #count(kind: string, count: number): void {
    this.#replacements += count;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
  }
}

function since(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return new Map([...after].map(([kind, count]) => [kind, count - (before.get(kind) ?? 0)] as const).filter(([, count]) => count > 0));
}

const importance: readonly string[] = ["SECRET", "IBAN", "CARD", "EMAIL", "NATIONAL_ID", "PHONE", "IP"];
const rankOf = (kind: string): number => (importance.includes(kind) ? importance.indexOf(kind) : importance.length);

/** Findings that do not overlap, in order of start: the more telling kind stays, then the longer. */
function apart(findings: readonly Finding[]): readonly Finding[] {
  if (findings.length < 2) return findings;
  const kept: Finding[] = [];
  const byRank = findings.toSorted(
    (left, right) =>
      rankOf(left.kind) - rankOf(right.kind) || right.end - right.start - (left.end - left.start) || left.start - right.start,
  );
  for (const finding of byRank) {
    if (!kept.some((other) => finding.start < other.end && other.start < finding.end)) kept.push(finding);
  }
  return kept.toSorted((left, right) => left.start - right.start);
}

const between = "\n\n\n";

/** Looks for secrets in many texts at once: the scanner's fixed cost is paid once. */
async function scanTogether(texts: readonly string[], scanner: SecretScanner): Promise<ReadonlyMap<string, readonly SecretRange[]>> {
  const ranges = await scanner.find(texts.join(between));
  const found = new Map<string, SecretRange[]>();
  let from = 0;
  let next = 0;
  for (const text of texts) {
    const own: SecretRange[] = [];
    const end = from + text.length;
    while (next < ranges.length && (ranges[next]?.start ?? 0) < end) {
      const range = ranges[next];
      if (range !== undefined && range.end > from)
        own.push({ start: Math.max(0, range.start - from), end: Math.min(text.length, range.end - from), rule: range.rule });
      next += 1;
    }
    found.set(text, own);
    from = end + between.length;
  }
  return found;
}
