import type { Case, Unguarded } from "./case.ts";
import { editingAttacks } from "./editing.ts";
import { evidenceAttacks } from "./evidence.ts";
import { pageAttacks } from "./pages.ts";
import { peopleAttacks } from "./people.ts";
import { settingsAttacks } from "./settings.ts";
import { wireAttacks } from "./wires.ts";

/** Every attack of A01 to A36 that has a case. */
export const attacks: readonly Case[] = [
  ...editingAttacks,
  ...evidenceAttacks,
  ...pageAttacks,
  ...peopleAttacks,
  ...settingsAttacks,
  ...wireAttacks,
].toSorted((left, right) => (left.id < right.id ? -1 : 1));

const all = Array.from({ length: 36 }, (_, index) => `A${String(index + 1).padStart(2, "0")}`);

/** Ids that count as not passed, with what they lack. */
export const unguardedAttacks: readonly Unguarded[] = all
  .filter((id) => !attacks.some((one) => one.id === id))
  .map((id) => ({ id, title: "", lacks: "no case is written yet" }));
