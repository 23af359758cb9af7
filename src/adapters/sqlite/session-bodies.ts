import { createHash } from "node:crypto";
import type { Attributes } from "../../domain/ids.ts";
import { detached } from "../../domain/text/detached-text.ts";
import { ListSplitter } from "../../domain/text/list-splitter.ts";
import { packText, unpackBlock, unpackText } from "./block-bytes.ts";
import type { Numbering, SessionBlock } from "./session-block.ts";
import type { Statements } from "./statements.ts";

/** Longer texts may be shared by sessions: prompts, tool definitions, what a tool answers to everybody. */
const sharedFrom = 1000;
const mostCharacters = 32_000_000;
const perText = 100;

/** The numbered texts of one session, as this process knows them. */
interface Known {
  /** How many blocks the session had: another process may have added one since. */
  blocks: number;
  readonly numbers: Map<string, number>;
  characters: number;
}

/** Numbers the texts of sessions, each once. What is forgotten is read again from the session's blocks. */
export class SessionBodies {
  readonly #statements: Statements;
  readonly #lists = new ListSplitter();
  readonly #known = new Map<number, Known>();
  #characters = 0;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Begins a block of a session that has `blocks` blocks. Within one transaction. */
  open(session: number, blocks: number): { numbering: Numbering; first: number; bodies: (string | number)[] } {
    const known = this.#of(session, blocks);
    const first = known.numbers.size;
    const bodies: (string | number)[] = [];
    const number = (text: string): number => {
      const seen = known.numbers.get(text);
      if (seen !== undefined) return seen;
      const own = known.numbers.size;
      known.numbers.set(detached(text), own);
      this.#grow(known, text.length + perText);
      bodies.push(text.length < sharedFrom ? text : this.#share(session, text));
      return own;
    };
    const resources = new Map<Attributes, number>();
    const resource = (of: Attributes): number => {
      const seen = resources.get(of) ?? number(JSON.stringify(of));
      resources.set(of, seen);
      return seen;
    };
    known.blocks = blocks + 1;
    return { numbering: { number, resource, lists: this.#lists }, first, bodies };
  }

  /** After a transaction that did not come about, or an erasure: what is known may be wrong. */
  forget(sessions: Iterable<number>): void {
    for (const session of sessions) {
      this.#characters -= this.#known.get(session)?.characters ?? 0;
      this.#known.delete(session);
    }
  }

  forgetAll(): void {
    this.forget([...this.#known.keys()]);
  }

  /** Between transactions: sessions that were not written for long make room. */
  trim(): void {
    for (const session of this.#known.keys()) {
      if (this.#characters <= mostCharacters) return;
      this.forget([session]);
    }
  }

  #of(session: number, blocks: number): Known {
    const held = this.#known.get(session);
    if (held !== undefined) {
      this.#known.delete(session);
      if (held.blocks === blocks) {
        this.#known.set(session, held);
        return held;
      }
      this.#characters -= held.characters;
    }
    const known: Known = { blocks, numbers: new Map(), characters: 0 };
    if (blocks > 0)
      for (const text of readBodies(this.#statements, readBlocks(this.#statements, session))) {
        // Two numbers for one text cannot be: the map must stay as long as the list.
        known.numbers.set(known.numbers.has(text) ? `\u0000${known.numbers.size}` : text, known.numbers.size);
        this.#grow(known, text.length + perText);
      }
    this.#known.set(session, known);
    return known;
  }

  #grow(known: Known, characters: number): void {
    known.characters += characters;
    this.#characters += characters;
  }

  #share(session: number, text: string): number {
    const { sql } = { sql: (query: string) => this.#statements.sql(query) };
    const digest = createHash("sha256").update(text, "utf8").digest();
    const found = sql("SELECT id FROM shared_bodies WHERE digest = ?").get(digest)?.["id"];
    const id = Number(
      found ?? sql("INSERT INTO shared_bodies (digest, content) VALUES (?, ?)").run(digest, packText(text)).lastInsertRowid,
    );
    sql("INSERT OR IGNORE INTO body_owners (body, session) VALUES (?, ?)").run(id, session);
    return id;
  }
}

/** A session's blocks in the order in which they were added, from this one on. */
export function readBlocks(statements: Statements, session: number, from = 0): readonly SessionBlock[] {
  return statements
    .sql("SELECT content FROM blocks WHERE session = ? AND id >= ? ORDER BY id")
    .all(session, from)
    .map((row) => unpackBlock(row["content"]));
}

/** The texts of these blocks by their numbers. Throws where a shared one is missing. */
export function readBodies(statements: Statements, blocks: readonly SessionBlock[]): readonly string[] {
  return blocks.flatMap(({ bodies }) =>
    bodies.map((body) => {
      if (typeof body === "string") return body;
      const row = statements.sql("SELECT content FROM shared_bodies WHERE id = ?").get(body);
      if (row === undefined) throw new Error(`body ${body} is missing`);
      return unpackText(row["content"]);
    }),
  );
}
