import type { Json } from "../../../domain/ids.ts";

const deepest = 32;
const words: Readonly<Record<string, Json>> = { None: null, True: true, False: false };
const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", "'": "'", '"': '"' };

/** Thrown inside this file for text that is no literal. */
class NoLiteral extends Error {}

/**
 * Reads the text of a Python literal (`{'a': [1, None, 'x']}`), which some instrumentations write where JSON belongs because they call `str()`.
 * Objects' own prints (`Message(role='user')`, `<Role.USER: 'user'>`) become their fields and their value. `undefined` for everything else. Linear
 * in the text's length.
 */
export function pythonValue(text: string): Json | undefined {
  const reader = new LiteralReader(text);
  try {
    return reader.whole();
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class LiteralReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Json {
    const value = this.#value(0);
    this.#skip();
    if (this.#at < this.#text.length) throw new NoLiteral();
    return value;
  }

  #skip(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
  }

  #take(expected: string): boolean {
    this.#skip();
    if (this.#text[this.#at] !== expected) return false;
    this.#at += 1;
    return true;
  }

  #value(depth: number): Json {
    if (depth > deepest) throw new NoLiteral();
    this.#skip();
    const first = this.#text[this.#at];
    if (first === "'" || first === '"') return this.#string(first);
    if (first === "{") return this.#record(depth);
    if (first === "[") return this.#list("]", depth);
    if (first === "(") return this.#list(")", depth);
    if (first === "<") return this.#member(depth);
    return this.#word(depth);
  }

  /** An enum's member: `<Role.USER: 'user'>`. */
  #member(depth: number): Json {
    const colon = this.#text.indexOf(":", this.#at);
    if (colon < 0 || colon - this.#at > 200) throw new NoLiteral();
    this.#at = colon + 1;
    const value = this.#value(depth + 1);
    if (!this.#take(">")) throw new NoLiteral();
    return value;
  }

  /** An object's print: `Message(role='user', content=None)`. */
  #object(depth: number): Json {
    const entries: [string, Json][] = [];
    while (!this.#take(")")) {
      this.#skip();
      const start = this.#at;
      while (/\w/.test(this.#text[this.#at] ?? "")) this.#at += 1;
      const key = this.#text.slice(start, this.#at);
      if (key === "" || !this.#take("=")) throw new NoLiteral();
      const value = this.#value(depth + 1);
      if (key !== "__proto__") entries.push([key, value]);
      if (!this.#take(",") && this.#text[this.#at] !== ")") throw new NoLiteral();
    }
    return Object.fromEntries(entries);
  }

  #record(depth: number): Json {
    this.#at += 1;
    const entries: [string, Json][] = [];
    while (!this.#take("}")) {
      const key = this.#value(depth + 1);
      if (typeof key !== "string" || !this.#take(":")) throw new NoLiteral();
      if (key === "__proto__") this.#value(depth + 1);
      else entries.push([key, this.#value(depth + 1)]);
      if (!this.#take(",") && this.#text[this.#at] !== "}") throw new NoLiteral();
    }
    return Object.fromEntries(entries);
  }

  #list(end: string, depth: number): Json {
    this.#at += 1;
    const items: Json[] = [];
    while (!this.#take(end)) {
      items.push(this.#value(depth + 1));
      if (!this.#take(",") && this.#text[this.#at] !== end) throw new NoLiteral();
    }
    return items;
  }

  #string(quote: string): string {
    let value = "";
    for (this.#at += 1; this.#at < this.#text.length; this.#at += 1) {
      const character = this.#text[this.#at] ?? "";
      if (character === quote) {
        this.#at += 1;
        return value;
      }
      value += character === "\\" ? this.#escape() : character;
    }
    throw new NoLiteral();
  }

  #escape(): string {
    this.#at += 1;
    const kind = this.#text[this.#at] ?? "";
    const digits = { x: 2, u: 4, U: 8 }[kind];
    if (digits === undefined) return escapes[kind] ?? `\\${kind}`;
    const code = Number.parseInt(this.#text.slice(this.#at + 1, this.#at + 1 + digits), 16);
    if (!(code >= 0 && code <= 0x10_ff_ff)) throw new NoLiteral();
    this.#at += digits;
    return String.fromCodePoint(code);
  }

  #word(depth: number): Json {
    const start = this.#at;
    while (/[\w.+-]/.test(this.#text[this.#at] ?? "")) this.#at += 1;
    const word = this.#text.slice(start, this.#at);
    if (Object.hasOwn(words, word)) return words[word] ?? null;
    if (/^[A-Za-z_]/.test(word) && this.#take("(")) return this.#object(depth);
    if (!/^[+-]?\d{1,15}(?:\.\d{1,15})?(?:e[+-]?\d{1,3})?$/i.test(word) || !Number.isFinite(Number(word))) throw new NoLiteral();
    return Number(word);
  }
}
