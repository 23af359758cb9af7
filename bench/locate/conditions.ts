import { gap } from "./prompts.ts";

/** Draws numbers from 0 to 1. */
export type Random = () => number;

const syllables = ["ba", "ke", "lo", "mi", "nu", "ra", "si", "to", "ve", "zu", "dor", "fen", "gal", "hin", "jor", "pel"] as const;
const common =
  "the order customer of shipping and address for a new invoice with number today in stock please was sent from our team before it came back on monday status open ticket".split(
    " ",
  );

/** Some words that no prompt was written with, mixed with common ones. */
export function filler(count: number, random: Random): string {
  const words = Array.from({ length: count }, () => {
    if (random() < 0.5) return common[Math.floor(random() * common.length)] ?? "the";
    return Array.from({ length: 2 + Math.floor(random() * 2) }, () => syllables[Math.floor(random() * syllables.length)] ?? "ba").join("");
  });
  return words.map((word, index) => (index % 12 === 11 ? `${word}.` : word)).join(" ");
}

const variable = new RegExp(`${gap}|\\{\\{\\{?[^{}\\n]{1,120}\\}?\\}\\}|\\$\\{[^{}\\n]{1,120}\\}|\\{[A-Za-z_][\\w.]{0,60}\\}|%[sd]`, "g");
const block = /\{%-?\s*(?:if|for)\b[^%]{0,200}%\}([\s\S]{0,2000}?)\{%-?\s*end(?:if|for)\s*-?%\}/g;
const dropped = 0.4;

/** A template as it reaches the model: variables filled with 1 to 400 words, two blocks of five left out, unless that leaves less than half. */
export function rendered(template: string, random: Random): string {
  const thinned = template.replace(block, (_whole, inner: string) => (random() < dropped ? "" : inner));
  const kept = thinned.length * 2 >= template.length ? thinned : template;
  const withoutBlocks = kept.replace(/\{%[^%]{0,300}%\}|\{#[^#]{0,300}#\}/g, "");
  return withoutBlocks.replace(variable, () => filler(1 + Math.floor(400 * random() ** 3), random));
}

const editedShare = 0.15;

/** The recorded text where the file has changed since: 15 % of its lines, or sentences, are reworded, left out or others. */
export function edited(text: string, random: Random): string {
  const lines = text.split("\n");
  const parts = lines.filter((line) => line.trim() !== "").length < 6 ? text.split(/(?<=[.!?]\s)/) : lines.map((line) => `${line}\n`);
  return parts
    .map((part) => {
      if (part.trim() === "" || random() >= editedShare) return part;
      const kind = random();
      if (kind < 0.34) return "";
      if (kind < 0.67) return `${filler(12, random)}\n`;
      const words = part.split(" ");
      words.splice(Math.floor(random() * words.length), 2, filler(3, random));
      return words.join(" ");
    })
    .join("");
}

const shownLength = 1200;

/** As a trace store keeps it that cuts long texts. */
export const truncated = (text: string): string => text.slice(0, shownLength);

const fewestWords = 40;

/** Whether a cut text still shows the prompt: one that begins with long data may show nothing of it. */
export function showsPrompt(cut: string, template: string): boolean {
  const shown = new Set(pairsOf(cut));
  return pairsOf(template.replaceAll(gap, " \n ")).filter((pair) => shown.has(pair)).length >= fewestWords;
}

function pairsOf(text: string): readonly string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.slice(1).map((word, index) => `${words[index] ?? ""} ${word}`);
}

/** Two prompts with text of a framework around them. */
export const composite = (one: string, other: string, random: Random): string =>
  [filler(60, random), one, filler(40 + Math.floor(random() * 120), random), other, filler(40, random)].join("\n\n");
