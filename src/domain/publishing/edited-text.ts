/** One search/replace hunk. */
export interface Hunk {
  readonly before: string;
  readonly after: string;
}

/**
 * Whether a text is another one with these hunks in it, each exactly once, and nothing else changed: what an approved edit may do to a file. Hunks may
 * come in any order and must not overlap; one that changes nothing is ignored.
 */
export function isEditOf(base: string, hunks: readonly Hunk[], text: string): boolean {
  return fits(
    { base, text },
    { base: 0, text: 0 },
    hunks.filter((hunk) => hunk.before !== hunk.after),
  );
}

interface Place {
  readonly base: number;
  readonly text: number;
}

function fits(texts: { readonly base: string; readonly text: string }, from: Place, left: readonly Hunk[]): boolean {
  const { base, text } = texts;
  if (left.length === 0) return base.slice(from.base) === text.slice(from.text);
  const same = commonPrefix(base, from.base, text, from.text);
  return left.some((hunk) =>
    placesOf(hunk.before, base, from.base, from.base + same).some((place) => {
      const inText = from.text + place - from.base;
      if (!text.startsWith(hunk.after, inText)) return false;
      const next = { base: place + hunk.before.length, text: inText + hunk.after.length };
      return fits(
        texts,
        next,
        left.filter((other) => other !== hunk),
      );
    }),
  );
}

const mostPlaces = 200;

/** Where a hunk's old side stands between two offsets: the texts are the same up to there. */
function placesOf(before: string, base: string, first: number, last: number): readonly number[] {
  const places: number[] = [];
  for (let at = base.indexOf(before, first); at >= 0 && at <= last && places.length < mostPlaces; at = base.indexOf(before, at + 1))
    places.push(at);
  return places;
}

function commonPrefix(left: string, leftFrom: number, right: string, rightFrom: number): number {
  let length = 0;
  while (leftFrom + length < left.length && rightFrom + length < right.length && left[leftFrom + length] === right[rightFrom + length])
    length += 1;
  return length;
}

const largestFile = 256 * 1024;

/** Why a file at the base commit may not become what a proposal says of it; `undefined` when it may. */
export function fileProblem(
  file: { readonly path: string; readonly text: string; readonly before: string },
  base: { readonly text: string; readonly digest: string },
  hunks: readonly Hunk[],
): string | undefined {
  if (base.digest !== file.before) return `${file.path} is another text at the base commit than the edit was written against`;
  if (base.text.length > largestFile) return `${file.path} is larger than 256 KiB`;
  if (base.text.startsWith("version https://git-lfs.github.com/spec/")) return `${file.path} is a pointer of Git LFS`;
  if (base.text.includes("\0")) return `${file.path} is binary`;
  return isEditOf(base.text, hunks, file.text) ? undefined : `${file.path} would change outside of the approved edits`;
}
