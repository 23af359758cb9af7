import type { IncomingHttpHeaders } from "node:http";
import type { ModelReply, ModelRequest } from "../../ports/model-client.ts";

/** A request of a provider's API in our words, or the provider's own words for what is wrong with it. */
export type ParsedRequest =
  | {
      readonly ok: true;
      readonly request: ModelRequest;
      readonly model: string;
      readonly streams: boolean;
      /** Whether a streamed reply ends with its usage where the API leaves that to the client. */
      readonly streamsUsage: boolean;
    }
  | { readonly ok: false; readonly message: string };

/** What an answer is called. */
export interface ReplyName {
  readonly id: string;
  readonly model: string;
  readonly streamsUsage?: boolean;
}

export interface ServerEvent {
  readonly event?: string;
  readonly data: object | string;
}

export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** One provider's wire format, as the simulated server speaks it. */
export interface Api {
  /** The header that carries a request's own id. */
  readonly idHeader: string;
  /** What the provider refuses before it reads the body: a missing key, a missing version. */
  headerRefusal(headers: IncomingHttpHeaders): Refusal | undefined;
  /** Checks a body as the provider does: what the provider would refuse is refused. */
  parse(body: unknown): ParsedRequest;
  reply(reply: ModelReply, name: ReplyName): object;
  /** Server-sent events of a streamed reply, in order. */
  events(reply: ModelReply, name: ReplyName): readonly ServerEvent[];
  error(status: number, message: string): { readonly status: number; readonly body: object };
  /** The provider's words for a model that it does not have. */
  unknownModel(model: string): string;
}

/** Tool results must answer the requests of the message before, each once; returns what is wrong. */
export function pairingProblem(requested: readonly string[], answered: readonly string[]): string | undefined {
  const missing = requested.find((id) => !answered.includes(id));
  if (missing !== undefined) return `tool call ${missing} has no result in the next message`;
  const unknown = answered.find((id) => !requested.includes(id));
  if (unknown !== undefined) return `tool result ${unknown} answers no tool call of the message before`;
  const twice = answered.find((id, index) => answered.indexOf(id) !== index);
  return twice === undefined ? undefined : `tool call ${twice} has more than one result`;
}

const pieceLength = 24;

/** A text in the pieces in which it is streamed; together they are the text. */
export function piecesOf(text: string): readonly string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > pieceLength) {
    const space = rest.indexOf(" ", pieceLength);
    // Never between the two halves of a character outside the basic plane: a space is none.
    const end = space < 0 ? rest.length : space;
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return rest === "" ? pieces : [...pieces, rest];
}
