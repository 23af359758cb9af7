/**
 * The headings and folded parts that the page of a proposal may have, in this order, each at most once. A page with any other part, or with
 * these in another order, was not made by us alone.
 */
export const pageSections: readonly string[] = [
  "heading: Replayed before and after",
  "folded: The change",
  "folded: Sessions that changed",
  "folded: How it was tested",
];
