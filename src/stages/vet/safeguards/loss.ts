/** What a rewritten passage makes less of. */
export interface Loss {
  /** What kind of loss it is: "drops modal", "adds hedge", "becomes or". */
  readonly kind: string;
  /** In words for a person. */
  readonly message: string;
  /** Whether it alone is enough, whatever else speaks for the edit. */
  readonly isCertain?: true;
}
