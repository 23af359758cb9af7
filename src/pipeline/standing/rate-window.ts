import type { Documents } from "../../ports/ledger.ts";
import type { RateWindow } from "../../ports/outgoing.ts";

const keyOf = (account: string): string => `rate-window/${account.toLowerCase()}`;

/** The window kept in the ledger, where the service and its publishing processes all see it. */
export function ledgerRateWindow(documents: Pick<Documents, "get" | "put">): RateWindow {
  const known = async (account: string): Promise<number> => Number((await documents.get(keyOf(account))) ?? 0);
  return {
    async until(account) {
      const until = await known(account);
      return until > 0 ? until : undefined;
    },
    async close(account, until) {
      if (until > (await known(account))) await documents.put(keyOf(account), until);
    },
  };
}
