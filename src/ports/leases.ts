import type { Instant } from "../domain/ids.ts";

/** A lease on a name. Its token grows with every new holder, so that a write can be refused to all holders before. */
export interface Lease {
  readonly name: string;
  readonly token: number;
}

/** Who may do a thing that only one may do at a time, over processes. Every call is atomic and durable when it resolves. */
export interface Leases {
  /** `undefined` while another holder's lease runs. The same holder gets its own lease again, prolonged. */
  acquire(name: string, holder: string, at: Instant, milliseconds: number): Promise<Lease | undefined>;
  /** Prolongs; `false` when somebody else has held it since, or it has ended. */
  renew(lease: Lease, at: Instant, milliseconds: number): Promise<boolean>;
  /** Whether this very lease still runs: the fence to look at before each write. */
  holds(lease: Lease, at: Instant): Promise<boolean>;
  /** Lets go at once; nothing happens when it was lost before. */
  release(lease: Lease): Promise<void>;
}
