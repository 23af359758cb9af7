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
      /** Failing sessions in test order: keyed-hash order, committed before the first replay. */
      readonly failing: readonly HeldOut[];
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
