import type { Span } from "../span.ts";

/** The instrumentation scope of Tuneup's own spans. */
export const ownScope = "tuneup";

/** Whether a span tells of Tuneup's own work. It is no agent's session, wherever it was sent: Tuneup would feed on its own replays. */
export const isOwnSpan = ({ scope }: Pick<Span, "scope">): boolean => scope === ownScope;
