import { photograph, type Repository } from "./state.ts";

export interface FaultOptions {
  /** `after`: the request takes effect, and only its answer is lost. */
  readonly when: "before" | "after";
  /** 502 when left out. */
  readonly status?: number;
  /** How many requests it hits; 1 when left out. */
  readonly times?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** GitHub's words; tells rate limits and permissions apart. */
  readonly message?: string;
  /** The connection breaks, or nothing ever comes, instead of an answer. */
  readonly instead?: "reset" | "hang";
}

interface Fault extends FaultOptions {
  readonly pattern: RegExp;
  left: number;
}

interface Photograph {
  readonly pattern: RegExp;
  readonly seen: ReadonlyMap<string, Repository>;
  left: number;
}

/** What goes wrong on demand: the next requests that match fail before or after they took effect, or are answered with the state of a while ago. */
export class Faults {
  readonly #faults: Fault[] = [];
  readonly #photographs: Photograph[] = [];

  add(pattern: RegExp, options: FaultOptions): void {
    this.#faults.push({ pattern, left: options.times ?? 1, ...options });
  }

  /** The next reads that match see the repositories as they are at this moment. */
  freeze(pattern: RegExp, times: number, repositories: ReadonlyMap<string, Repository>): void {
    const seen = new Map([...repositories].map(([name, repository]) => [name, photograph(repository)] as const));
    this.#photographs.push({ pattern, seen, left: times });
  }

  /** The fault that hits this request, `METHOD /path`; it is used up by one. */
  take(line: string): FaultOptions | undefined {
    const fault = this.#faults.find((one) => one.left > 0 && one.pattern.test(line));
    if (fault !== undefined) fault.left -= 1;
    return fault;
  }

  /** The old state that this read sees. */
  old(line: string): ReadonlyMap<string, Repository> | undefined {
    const found = this.#photographs.find((one) => one.left > 0 && line.startsWith("GET ") && one.pattern.test(line));
    if (found !== undefined) found.left -= 1;
    return found?.seen;
  }

  /** Everything works again. */
  clear(): void {
    this.#faults.length = 0;
    this.#photographs.length = 0;
  }
}
