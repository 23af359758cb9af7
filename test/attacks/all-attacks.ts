import type { Case, Unguarded } from "./case.ts";
import { editingAttacks } from "./editing.ts";
import { evidenceAttacks } from "./evidence.ts";
import { pageAttacks } from "./pages.ts";
import { peopleAttacks } from "./people.ts";
import { settingsAttacks } from "./settings.ts";
import { wireAttacks } from "./wires.ts";

/** Attacks with a guard to show, and those against which nothing is built or shown yet, all of A01 to A36. */
export const attacks: readonly Case[] = [
  ...editingAttacks,
  ...evidenceAttacks,
  ...pageAttacks,
  ...peopleAttacks,
  ...settingsAttacks,
  ...wireAttacks,
].toSorted((left, right) => (left.id < right.id ? -1 : 1));

const lacking: readonly Unguarded[] = [
  {
    id: "A34",
    title: "who asked for the run approves its pull request, or pushes a commit after the proof",
    lacks: "there is no check that wants another person's approval; a check run belongs to one commit and does not carry over",
  },
];

const all = Array.from({ length: 36 }, (_, index) => `A${String(index + 1).padStart(2, "0")}`);

/** Ids that count as not passed, with what they lack. */
export const unguardedAttacks: readonly Unguarded[] = all
  .filter((id) => !attacks.some((one) => one.id === id))
  .map((id) => lacking.find((one) => one.id === id) ?? { id, title: "", lacks: "no case is written yet" });
