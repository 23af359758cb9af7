import type { Json } from "../domain/ids.ts";
import type { TextRange } from "../domain/text/apply-hunk.ts";

/** One string of a program, with what stands around it. */
export interface CodeString {
  /** The text between its quotes. */
  readonly range: TextRange;
  /** Expressions inside that the program fills in, with their braces, in order; other strings may stand in them. */
  readonly gaps: readonly TextRange[];
  /** Strings that the program joins into one text (`"a" "b"`, `"a" + b`, the items of one list) have the same number. */
  readonly group: number;
  /** Names it belongs to, innermost first: its key, keyword, variable; a `name` beside it; the call, function, class around it. */
  readonly names: readonly string[];
  /** The documentation string of a function, class or module. */
  readonly isDocumentation: boolean;
}

/** A number, switch or short word that a program gives a name: `temperature=0.2`, `maxSteps: 5`. */
export interface CodeValue {
  readonly key: string;
  readonly value: Json;
  /** The value as it is written; of a string with its quotes. */
  readonly range: TextRange;
  /** As for strings, without the key. */
  readonly names: readonly string[];
}

/** What a program's text says, as far as `locate` asks. All offsets are UTF-16 units. */
export interface CodeReading {
  /** In the order of their beginnings. */
  readonly strings: readonly CodeString[];
  readonly values: readonly CodeValue[];
}

/** Reads programs as their language does. Runs nothing, and never throws for what the text is: a file in disorder is read as far as it goes. */
export interface LiteralReader {
  /**
   * `undefined` for a language that it does not know and for text over 1 MiB. `"strings"` leaves out names and values, which take most of the
   * time: `names` and `values` are empty then.
   */
  read(path: string, text: string, depth: "strings" | "names"): CodeReading | undefined;
}
