/** What a language's strings do that Python's and JavaScript's do not: decides how their text is read and what an edit must escape. */
export interface Writing {
  /** No escapes at all: what stands there is what it says. */
  readonly isRaw: boolean;
  /** Braces stand for something that is filled in; a doubled one for itself. */
  readonly isFormat: boolean;
  /** A quote is written twice, and a backslash is one (C#'s `@"…"`). */
  readonly isDoubled?: true;
  /** Only the quote and the backslash can be escaped (Ruby's `'…'`). */
  readonly isPlain?: true;
  /** `$name` and `${…}` are filled in (Kotlin). */
  readonly hasDollar?: true;
  /** `#{…}` is filled in (Ruby). */
  readonly hasHash?: true;
  /** So many braces fill something in, where one stands for itself (C#'s `$$"""…"""`). */
  readonly braces?: number;
  /** It may hold line ends as they are. */
  readonly hasLines?: true;
  /** The indentation that all lines share is none of the text; the first line end neither (text blocks, `<<~`). */
  readonly isIndented?: true;
  /** White space at a line's end is none of the text (Java's text blocks). */
  readonly trimsLines?: true;
  /** A backslash at a line's end takes the next line's indentation with it (Rust). */
  readonly joinsLines?: true;
}

/** The inside of a string literal in code: offsets without its quotes. */
export interface Literal {
  readonly start: number;
  readonly end: number;
  /** What closes it: decides what an edit must escape. */
  readonly quote: string;
  /** Absent for languages whose strings are told by what stands before their quote. */
  readonly writing?: Writing;
}
