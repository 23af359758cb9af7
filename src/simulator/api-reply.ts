import type { ModelReply, ModelRequest } from "../ports/model-client.ts";

/** A request of a provider's API in our words, or the provider's own error for it. */
export type ParsedRequest =
  | { readonly ok: true; readonly request: ModelRequest; readonly model: string; readonly streams: boolean }
  | { readonly ok: false; readonly message: string };

/** One provider's wire format, as the simulated server speaks it. */
export interface Api {
  /** Checks a request as the provider does: what the provider would refuse is refused. */
  parse(body: unknown): ParsedRequest;
  reply(reply: ModelReply, model: string): object;
  /** Server-sent events of a streamed reply, in order. */
  events(reply: ModelReply, model: string): readonly { readonly event?: string; readonly data: object | string }[];
  error(status: number, message: string): object;
}

const names: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  500: "api_error",
  529: "overloaded_error",
};

/** The provider's name for a kind of error. */
export const errorName = (status: number): string => names[status] ?? "api_error";

/** Tool results must answer the requests of the message before, each once; returns what is wrong. */
export function pairingProblem(requested: readonly string[], answered: readonly string[]): string | undefined {
  const missing = requested.find((id) => !answered.includes(id));
  const unknown = answered.find((id) => !requested.includes(id));
  if (missing !== undefined) return `tool call ${missing} has no result in the next message`;
  return unknown === undefined ? undefined : `tool result ${unknown} answers no tool call of the message before`;
}
