import type { DatabaseSync, StatementSync } from "node:sqlite";

/** The prepared statements of one connection: each text is prepared once. */
export class Statements {
  readonly database: DatabaseSync;
  readonly #known = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  sql(text: string): StatementSync {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const statement = this.database.prepare(text);
    this.#known.set(text, statement);
    return statement;
  }

  forget(): void {
    this.#known.clear();
  }
}
