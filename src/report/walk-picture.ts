import { html } from "hono/html";
import type { Digest } from "../domain/ids.ts";
import type { Walk, WalkLimits, Walks } from "../domain/walk.ts";

type Markup = ReturnType<typeof html>;
type Point = readonly [x: number, y: number];

const width = 640;
const height = 340;
const edge = { left: 46, right: 18, top: 14, bottom: 40 } as const;

/** Maps values of a picture to its coordinates. */
interface Frame {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

const frameOf = (mostX: number, lowY: number, highY: number): Frame => ({
  x: (value) => edge.left + (value / mostX) * (width - edge.left - edge.right),
  y: (value) => height - edge.bottom - ((value - lowY) / (highY - lowY)) * (height - edge.top - edge.bottom),
});

const round = (value: number): number => Math.round(value * 10) / 10;
const pointsOf = (points: readonly Point[], { x, y }: Frame): string => points.map(([a, b]) => `${round(x(a))},${round(y(b))}`).join(" ");

/** The leading candidate has the first colour. Those beyond the fourth share its colour; their numbers tell them apart. */
const colour = (index: number, isLead: boolean): string => (isLead ? "c1" : `c${Math.min(4, index + 2)}`);

/** Changed sessions to the right, fixed ones upwards: each candidate's walk, where it would be accepted, and where it was given up. */
export function signWalkPicture({ limits, walks }: Walks, lead: Digest): Markup {
  const longest = Math.max(...walks.map((walk) => walk.changes.length), 0);
  const most = Math.min(limits.accept.length, Math.max(20, longest + 4));
  const frame = frameOf(most, 0, most);
  const accept = limits.accept.flatMap((count, index): readonly Point[] =>
    count <= index + 1 && index < most ? [[index + 1, count]] : [],
  );
  const futile = limits.futile.flatMap((count, m): readonly Point[] => (count >= 0 && m <= most ? [[m, count]] : []));
  const [first] = accept;
  const last = accept.at(-1);
  const region: readonly Point[] = first === undefined || last === undefined ? [] : [...accept, [last[0], last[0]], [first[0], first[0]]];
  const ordered = walks
    .map((walk, index) => ({ walk, index }))
    .toSorted((left, right) => Number(left.walk.candidate === lead) - Number(right.walk.candidate === lead));
  return html`<figure>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${describe(walks, limits)}">
      ${axes(frame, most, ticks(most), ticks(most))}
      <polygon class="region" points="${pointsOf(region, frame)}" />
      <polyline class="limit" points="${pointsOf(accept, frame)}" />
      <polyline class="futile" points="${pointsOf(futile, frame)}" />
      <line class="even" x1="${frame.x(0)}" y1="${frame.y(0)}" x2="${frame.x(most)}" y2="${frame.y(most)}" />
      ${ordered.map(({ index, walk }) => line(pathOf(walk), frame, index, walk.candidate === lead))}
      <text x="${frame.x(most / 2)}" y="${height - 8}" text-anchor="middle">sessions of the failure that changed</text>
      <text x="12" y="${frame.y(most / 2)}" text-anchor="middle" transform="rotate(-90 12 ${frame.y(most / 2)})">of them fixed</text>
    </svg>
    <figcaption class="soft">
      In the green region the edit is accepted; at the dashed red line it is given up. Sessions that end alike in both arms do not move the
      walk. Numbers are candidates, in the order of the table below.
    </figcaption>
  </figure>`;
}

function pathOf(walk: Walk): readonly Point[] {
  let fixed = 0;
  return [
    [0, 0],
    ...walk.changes.map((change, index): Point => {
      if (change === 1) fixed += 1;
      return [index + 1, fixed];
    }),
  ];
}

function line(path: readonly Point[], frame: Frame, index: number, isLead: boolean): Markup {
  const [x, y] = path.at(-1) ?? [0, 0];
  return html`<polyline class="walk ${colour(index, isLead)} ${isLead ? "lead" : ""}" points="${pointsOf(path, frame)}" />
    <circle class="dot ${colour(index, isLead)}" cx="${round(frame.x(x))}" cy="${round(frame.y(y))}" r="4" />
    <text class="name" x="${round(frame.x(x)) + 7}" y="${round(frame.y(y)) + 4}">${index + 1}</text>`;
}

function describe(walks: readonly Walk[], limits: WalkLimits): string {
  const ends = walks.map((walk, index) => {
    const fixed = walk.changes.filter((change) => change === 1).length;
    const needed = limits.accept[walk.changes.length - 1];
    const limit = needed === undefined || needed > walk.changes.length ? "no count would have accepted there" : `${needed} accept`;
    return `Candidate ${index + 1} ended with ${fixed} fixed of ${walk.changes.length} changed sessions; ${limit}.`;
  });
  return ends.join(" ");
}

/** Wealth of the bet that the edit is safe, on a logarithmic scale; empty when no candidate came as far as the control test. */
export function controlWalkPicture({ limits, walks }: Walks, lead: Digest): Markup | "" {
  const shown = walks.map((walk, index) => ({ walk, index })).filter(({ walk }) => walk.wealth.length > 0);
  if (shown.length === 0) return "";
  const logs = shown.flatMap(({ walk }) => walk.wealth.map((wealth) => Math.log10(wealth)));
  const [low, high] = [Math.min(-0.5, ...logs), Math.max(Math.log10(limits.wealth) + 0.25, ...logs)];
  const most = Math.max(20, ...shown.map(({ walk }) => walk.wealth.length + 2));
  const frame = frameOf(most, low, high);
  const needed = Math.log10(limits.wealth);
  const levels = [0.01, 0.1, 1, 10, 100, 1000].map((level) => Math.log10(level)).filter((level) => level >= low && level <= high);
  return html`<figure>
    <svg
      viewBox="0 0 ${width} ${height}"
      role="img"
      aria-label="Wealth of the bet that working sessions stay intact; ${round(limits.wealth)} passes the control test."
    >
      ${axes(frame, most, ticks(most), levels, (level) => String(round(10 ** level * 100) / 100))}
      <line class="limit" x1="${frame.x(0)}" y1="${round(frame.y(needed))}" x2="${frame.x(most)}" y2="${round(frame.y(needed))}" />
      <text x="${edge.left + 8}" y="${round(frame.y(needed)) - 5}">passed at ${round(limits.wealth)}</text>
      ${shown.map(({ index, walk }) => line([[0, 0], ...walk.wealth.map((wealth, at): Point => [at + 1, Math.log10(wealth)])], frame, index, walk.candidate === lead))}
      <text x="${frame.x(most / 2)}" y="${height - 8}" text-anchor="middle">working sessions replayed</text>
    </svg>
    <figcaption class="soft">
      A bet that fewer working sessions break than the margin allows. It grows with each session that stays intact and falls with each that
      breaks.
    </figcaption>
  </figure>`;
}

function ticks(most: number): readonly number[] {
  const step = most <= 14 ? 2 : most <= 40 ? 5 : most <= 80 ? 10 : 25;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

function axes(
  frame: Frame,
  most: number,
  across: readonly number[],
  up: readonly number[],
  label: (value: number) => string = String,
): Markup {
  const floor = height - edge.bottom;
  return html`<line class="axis" x1="${edge.left}" y1="${floor}" x2="${frame.x(most)}" y2="${floor}" />
    <line class="axis" x1="${edge.left}" y1="${edge.top}" x2="${edge.left}" y2="${floor}" />
    ${across.map((value) => html`<text x="${round(frame.x(value))}" y="${floor + 15}" text-anchor="middle">${value}</text>`)}
    ${up.map((value) => html`<text x="${edge.left - 6}" y="${round(frame.y(value)) + 4}" text-anchor="end">${label(value)}</text>`)}`;
}
