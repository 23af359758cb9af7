import { asJson, digestOfJson } from "../domain/digest.ts";
import type { Json } from "../domain/ids.ts";
import type { ModelClient, ModelReply } from "../ports/model-client.ts";
import type { Documents } from "../ports/ledger.ts";

interface Recalled {
  /** Digest of the conversation that was answered: another one is asked anew. */
  readonly asked: string;
  readonly reply: ModelReply;
}

/**
 * A client for one conversation that keeps every reply in the ledger until the conversation is over: after a crash the same conversation goes on
 * at its first unanswered call, and nothing is paid twice. Calls come one after the other.
 */
export function recallingClient(model: ModelClient, key: string, kept: Pick<Documents, "get" | "put">): ModelClient {
  let replies: readonly Recalled[] | undefined;
  let next = 0;
  return {
    model: model.model,
    simulated: model.simulated,
    complete: async (request, signal, observer) => {
      replies ??= recalled(await kept.get(key));
      const asked = digestOfJson(asJson(request.messages));
      const known = replies[next];
      next += 1;
      if (known?.asked === asked) return known.reply;
      const reply = await model.complete(request, signal, observer);
      replies = [...replies.slice(0, next - 1), { asked, reply }];
      await kept.put(key, asJson(replies));
      return reply;
    },
  };
}

const recalled = (document: Json | undefined): readonly Recalled[] => (Array.isArray(document) ? document : []);
