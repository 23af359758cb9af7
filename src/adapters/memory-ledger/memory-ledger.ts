import { asJson } from "../../domain/digest.ts";
import type { Instant, Json, ProjectId, ProposalId } from "../../domain/ids.ts";
import { addUsage, noUsage, type Usage } from "../../domain/message.ts";
import type { Proposal, ProposalState } from "../../domain/proposal.ts";
import type { Ledger } from "../../ports/ledger.ts";

interface Booking {
  readonly project: ProjectId;
  readonly usage: Usage;
  readonly at: Instant;
}

/** A ledger that forgets when the process ends: for tests and the in-process benches. */
export class MemoryLedger implements Ledger {
  readonly #deliveries = new Set<string>();
  readonly #documents = new Map<string, Json>();
  readonly #proposals = new Map<ProposalId, Proposal>();
  readonly #bookings: Booking[] = [];

  async delivery(key: string): Promise<"new" | "seen"> {
    if (this.#deliveries.has(key)) return "seen";
    this.#deliveries.add(key);
    return "new";
  }

  async put(key: string, document: Json): Promise<void> {
    this.#documents.set(key, asJson(document));
  }

  async get(key: string): Promise<Json | undefined> {
    return this.#documents.get(key);
  }

  async keys(prefix: string): Promise<readonly string[]> {
    return [...this.#documents.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  async remove(prefix: string): Promise<void> {
    for (const key of await this.keys(prefix)) this.#documents.delete(key);
  }

  async save(proposal: Proposal, expected: ProposalState | undefined): Promise<"saved" | "conflict"> {
    if (this.#proposals.get(proposal.id)?.state !== expected) return "conflict";
    this.#proposals.set(proposal.id, proposal);
    return "saved";
  }

  async find(id: ProposalId): Promise<Proposal | undefined> {
    return this.#proposals.get(id);
  }

  async spend(project: ProjectId, _purpose: string, usage: Usage, at: Instant): Promise<void> {
    this.#bookings.push({ project, usage, at });
  }

  async spent(project: ProjectId, since: Instant): Promise<Usage> {
    return this.#bookings
      .filter((booking) => booking.project === project && booking.at >= since)
      .reduce((sum, booking) => addUsage(sum, booking.usage), noUsage);
  }

  async close(): Promise<void> {}
}
