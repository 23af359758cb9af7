import { TuneupError } from "../../domain/errors.ts";

/** What an error of the database means for the statement that met it. */
export interface Trouble {
  /** `undone`: certainly not done, and may go well in a moment. `lost`: nobody can say whether it was done. `refused`: trying again is no use. */
  readonly kind: "undone" | "lost" | "refused";
  readonly error: TuneupError;
}

const backSoon = "It is tried again; check that the database runs and can be reached (`tuneup doctor`). What was written before is kept.";
const credentials = "Check user and password in TUNEUP_DATABASE_URL, and the server's pg_hba.conf.";

/** By SQLSTATE (PostgreSQL documentation, appendix A) or the name of a network error. */
const known: Readonly<Record<string, readonly [kind: Trouble["kind"], what: string, remedy: string]>> = {
  ECONNREFUSED: ["undone", "nothing listens there", backSoon],
  ENOTFOUND: ["undone", "its name is not known", backSoon],
  EAI_AGAIN: ["undone", "its name cannot be looked up now", backSoon],
  EHOSTUNREACH: ["undone", "the host cannot be reached", backSoon],
  ENETUNREACH: ["undone", "its network cannot be reached", backSoon],
  CONNECT_TIMEOUT: ["undone", "it does not answer", backSoon],
  "57P01": ["undone", "it was shut down", backSoon],
  "57P02": ["undone", "it restarts after a crash", backSoon],
  "57P03": ["undone", "it is starting or stopping", backSoon],
  "25006": [
    "undone",
    "it takes no writes: a standby answered",
    "Name the primary in TUNEUP_DATABASE_URL, or add target_session_attrs=read-write.",
  ],
  "40001": ["undone", "another process was in the way", "It is tried again."],
  "40P01": ["undone", "another process was in the way", "It is tried again."],
  "53300": ["undone", "it has no connection left", "Raise its max_connections; docs/operations.md says how many each process needs."],
  "55P03": ["undone", "another process held a lock for too long", "It is tried again."],
  "57014": [
    "lost",
    "a statement took too long and was ended",
    "Look for a slow disk or a lock (pg_stat_activity); it is tried again later.",
  ],
  "53100": ["undone", "its disk is full", "Free space on the database server; what was written before is kept."],
  "28P01": ["refused", "it refuses the password", credentials],
  "28000": ["refused", "it refuses the user", credentials],
  "3D000": ["refused", "there is no such database", "Create it (`createdb`), or correct the name in TUNEUP_DATABASE_URL."],
  "42501": ["refused", "the user may not do that", "Make it the owner of the database, or of the schema tuneup."],
};

const networkLoss = new Set(["CONNECTION_CLOSED", "CONNECTION_DESTROYED", "CONNECTION_ENDED", "ECONNRESET", "EPIPE", "ETIMEDOUT"]);

/** Reads what the driver threw. `address` names the database without who connects. */
export function troubleOf(cause: unknown, address: string): Trouble {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const found = known[code];
  if (found !== undefined) {
    const [kind, what, remedy] = found;
    return trouble(kind, what, remedy, { address, code, cause });
  }
  if (networkLoss.has(code)) return trouble("lost", "the connection was lost", backSoon, { address, code, cause });
  const message = cause instanceof Error ? cause.message : String(cause);
  return trouble("refused", message, "If this goes on, it is a bug of Tuneup's: please report it with the log.", { address, code, cause });
}

/** Of a call that came to no end: neither an answer nor an error. */
export const silence = (address: string): Trouble =>
  trouble("lost", "it does not answer", backSoon, { address, code: "timeout", cause: undefined });

function trouble(
  kind: Trouble["kind"],
  what: string,
  remedy: string,
  { address, cause, code }: { readonly address: string; readonly code: string; readonly cause: unknown },
): Trouble {
  return {
    kind,
    error: new TuneupError("database-unavailable", `The database ${address} cannot be used: ${what}.`, {
      remedy,
      retryable: kind !== "refused",
      fields: { address, code },
      ...(cause === undefined ? {} : { cause }),
    }),
  };
}
