import type { Brand, Digest } from "./ids.ts";
import type { Session } from "./session.ts";

/** A session the drafter may see. */
export type Shown = Brand<Session, "shown">;
/** A session kept for the test: no stage that drafts or vets by example ever receives one. */
export type HeldOut = Brand<Session, "held-out">;

export type Sample =
  | {
      readonly result: "sampled";
      readonly shown: readonly Shown[];
      /** Failing sessions in test order: keyed-hash order, committed before the first replay. In a small cluster the draws: a session may stand several times. */
      readonly failing: readonly HeldOut[];
      /** A small cluster: so many different sessions, drawn with replacement. */
      readonly pool?: number;
      /** A stratified order: the test may be looked at only after so many failing sessions. */
      readonly looks?: readonly number[];
      /** Passing sessions in test order. */
      readonly control: readonly HeldOut[];
      /** Digest over both orders. */
      readonly order: Digest;
      /** What was left out, by reason: for example `same user as a shown session: 3`. */
      readonly excluded: Readonly<Record<string, number>>;
    }
  | {
      readonly result: "too-few";
      readonly failing: number;
      readonly control: number;
      readonly needed: number;
      readonly excluded: Readonly<Record<string, number>>;
    };
