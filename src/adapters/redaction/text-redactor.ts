import type { SecretRange, SecretScanner } from "../../ports/redactor.ts";
import { joinJsonList } from "../../domain/text/json-list.ts";
import { ListSplitter } from "../../domain/text/list-splitter.ts";
import { parsedJson, rewriteJson } from "./json-strings.ts";
import { KnownNumbers } from "./known-numbers.ts";
import { operatorStrings, OperatorValues, type Place } from "./operator-text.ts";
import { cardValue, type Detector, type Finding, findPersonalData, phoneValue } from "./personal-data.ts";
import { isPlaceholder, segmentsOf } from "./placeholder.ts";
import { TextCache } from "./text-cache.ts";
import { mayHoldPersonalData, mayHoldPhone } from "./text-signs.ts";

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
/** No value is shorter, unless its field's name makes it one. */
const shortest = 4;
const mostFields = 10_000;

const phoneField = /(?:phone|mobile|cell|fax|whatsapp|telephone)(?:[_-]?(?:number|no))?$/i;
const phoneForm = /^\+?[\d ()./-]{7,24}$/;
const secretField =
  /(?:^|[._-])(?:password|passwd|passphrase|pwd|secret|client_?secret|api_?key|apikey|access_?token|refresh_?token|auth_?token|authorization|private_?key|set-cookie|cookie|x-api-key|cvv|cvc)$/i;
/** A quick look for such names inside JSON. */
const mayHoldSecretField = /pass|pwd|secret|api_?key|token|authorization|private_?key|cookie|cvv|cvc/i;
const templateVariable = /^\W{0,3}[{<$%]/;

/** What the name says under which a text stands. */
type FieldKind = "secret" | "phone" | "plain";

/** One item of a batch after a pass. `waiting`: a text in it must be scanned first. `open`: what is learned later in the batch may change it. */
export interface Redaction<T> {
  readonly redacted: T;
  readonly counts: ReadonlyMap<string, number>;
  readonly standing: "final" | "open" | "waiting";
}

/**
 * Redacts the texts of one project. Works in passes: where one learned something (a number in its telling form, a value that varies between
 * prompts), what is open must be looked at again, and where it met texts that only the asynchronous scanner can clear, what waits for them; what
 * passes found is kept by `settle`.
 */
export class TextRedactor {
  readonly #parts: TextRedactorParts;
  readonly #numbers = new KnownNumbers();
  readonly #operatorValues = new OperatorValues();
  readonly #settled = new TextCache<Remembered>(cachedCharacters);
  readonly #secrets = new TextCache<readonly SecretRange[]>(cachedCharacters / 4);
  readonly #lists = new ListSplitter();
  readonly #fields = new Map<string, FieldKind>();
  #fresh = new Map<string, Remembered>();
  #waiting = new Set<string>();
  /** Keys of texts that wait for the scanner: looking again before it came says nothing new. */
  #blocked = new Set<string>();
  #counts = new Map<string, number>();
  #isOpen = false;
  #unscanned = 0;
  #learned = 0;

  constructor(parts: TextRedactorParts) {
    this.#parts = parts;
  }

  /** Begins a pass. Whether something was learned since the one before began, so that what is open must be looked at again. */
  begin(): boolean {
    const hasLearned = this.#learned !== this.#knowledge();
    if (hasLearned) for (const [key, { isOpen }] of this.#fresh) if (isOpen) this.#fresh.delete(key);
    this.#learned = this.#knowledge();
    return hasLearned;
  }

  /** Redacts one item of a batch, and says whether that is the last word on it. */
  look<T>(work: () => T): Redaction<T> {
    const unscanned = this.#unscanned;
    this.#counts = new Map();
    this.#isOpen = false;
    const redacted = work();
    const standing = this.#unscanned > unscanned ? "waiting" : this.#isOpen ? "open" : "final";
    return { redacted, counts: this.#counts.size === 0 ? nothing : this.#counts, standing };
  }

  /** Ends a pass: has the texts scanned that wait for it. Whether another pass must follow. */
  async isFinal(): Promise<boolean> {
    const waiting = [...this.#waiting];
    this.#waiting = new Set();
    this.#blocked.clear();
    if (waiting.length > 0 && this.#parts.scanner !== undefined) {
      for (const [text, ranges] of await scanTogether(waiting, this.#parts.scanner)) this.#secrets.set(text, ranges);
      return false;
    }
    return this.#learned === this.#knowledge();
  }

  /** Keeps what the last pass found, so that a repeated text gives the same again without being looked at. */
  settle(): void {
    for (const [key, remembered] of this.#fresh) this.#settled.set(key, remembered);
    this.#fresh = new Map();
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

  /** Whether a name can be no value, wherever it stands. */
  isHarmlessName(name: string): boolean {
    return name.length < shortest || this.#isHarmless(name, "plain");
  }

  /** A long number; what is returned is another text where it was replaced. */
  redactNumber(digits: string, place: TextPlace): string {
    const phone = this.#fieldKind(place.field) === "phone" ? phoneValue(digits) : undefined;
    const card = cardValue(digits);
    const finding =
      card !== undefined
        ? { kind: "CARD", value: card }
        : phone !== undefined
          ? { kind: "PHONE", value: phone }
          : this.#knownNumber(digits);
    return finding === undefined ? digits : this.#replaced(finding.kind, finding.value);
  }

  #knownNumber(digits: string): Pick<Finding, "kind" | "value"> | undefined {
    this.#isOpen = true;
    return this.#numbers.find(digits).find(({ end, start }) => end - start === digits.length);
  }

  #knowledge(): number {
    return this.#numbers.size + this.#operatorValues.changes;
  }

  #fieldKind(field: string): FieldKind {
    const known = this.#fields.get(field);
    if (known !== undefined) return known;
    const kind = secretField.test(field) ? "secret" : phoneField.test(field) ? "phone" : "plain";
    if (this.#fields.size >= mostFields) this.#fields.clear();
    this.#fields.set(field, kind);
    return kind;
  }

  #remembered(text: string, place: TextPlace, depth: number): string {
    const kind = this.#fieldKind(place.field);
    if (kind === "plain" && (text.length < shortest || this.#isKnownUnchanged(text))) return text;
    // A prompt's values stay or go by what was seen elsewhere; within one session they must not change.
    const scope = `${kind === "secret" ? "s" : kind === "phone" ? "p" : ""}${place.operator ? `o${place.session}` : ""}`;
    const key = scope === "" ? text : `${scope}\u0000${text}`;
    if (this.#blocked.has(key)) {
      this.#unscanned += 1;
      return text;
    }
    const known = this.#settled.get(key) ?? this.#freshAt(key);
    if (known === undefined) return this.#lookedFirst(text, place, { depth, key, kind });
    if (known.counts !== undefined) for (const [replaced, count] of known.counts) this.#count(replaced, count);
    return known.text ?? text;
  }

  /** What holds no value at all holds none in a prompt either. */
  #isKnownUnchanged(text: string): boolean {
    return (this.#settled.get(text) ?? this.#fresh.get(text)) === unchanged;
  }

  /** What was found in this batch, and is open until the batch is settled. */
  #freshAt(key: string): Remembered | undefined {
    const fresh = this.#fresh.get(key);
    if (fresh?.isOpen === true) this.#isOpen = true;
    return fresh;
  }

  #lookedFirst(text: string, place: TextPlace, at: { readonly depth: number; readonly key: string; readonly kind: FieldKind }): string {
    if (this.#isHarmless(text, at.kind)) {
      this.#fresh.set(at.kind === "plain" ? text : at.key, unchanged);
      return text;
    }
    const unscanned = this.#unscanned;
    const outer = this.#counts;
    this.#counts = new Map();
    const result = this.#looked(text, place, at.depth);
    const counts = this.#counts;
    this.#counts = outer;
    for (const [replaced, count] of counts) this.#count(replaced, count);
    const isOpen = place.operator || longRun.test(text);
    if (isOpen) this.#isOpen = true;
    if (this.#unscanned > unscanned) this.#blocked.add(at.key);
    else {
      const isSame = result === text && counts.size === 0;
      this.#fresh.set(at.key, isSame ? (isOpen ? unchangedYet : unchanged) : { text: result, counts, isOpen });
    }
    return result;
  }

  /** Whether no look into the text, or into the JSON that it may be, could change it. */
  #isHarmless(text: string, kind: FieldKind): boolean {
    if (kind === "secret" || this.#parts.further.length > 0) return false;
    if (mayHoldPersonalData(text) || (kind === "phone" && mayHoldPhone(text))) return false;
    // An escaped slash parts what is one to a scanner.
    if (text.includes("\\/")) return false;
    return !mayHoldSecretField.test(text) && !(this.#parts.scanner?.suspects(text) ?? false);
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
    const kind = this.#fieldKind(field);
    if (kind === "plain") return undefined;
    const value = text.trim();
    if (kind === "secret" && value !== "" && !isPlaceholder(value) && !templateVariable.test(value) && !/^<[A-Z_]+>$/.test(value))
      return /^<[A-Z][A-Z0-9_]{1,30}_/.test(value) ? undefined : this.#replaced("SECRET", value);
    const phone = kind === "phone" && phoneForm.test(value) ? phoneValue(value) : undefined;
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
      ...(longRun.test(text) ? this.#numbers.find(text) : []),
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
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
  }
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
