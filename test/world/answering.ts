import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "./http.ts";

const mostBytes = 64 * 1024 * 1024;

/** A request's whole body; at most 64 MiB. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBytes) throw new Error("a request of more than 64 MiB");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function send(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  response
    .writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers })
    .end(status === 204 ? "" : JSON.stringify(body));
}

const defaultPage = 30;
const largestPage = 100;

/** Sends an answer; a list goes out one page at a time with GitHub's `Link` header. */
export function sendAnswer(
  response: ServerResponse,
  answer: Answer,
  { headers, url }: { readonly url: URL; readonly headers: Readonly<Record<string, string>> },
): void {
  if ("text" in answer) return void response.writeHead(answer.status, { "content-type": answer.type, ...headers }).end(answer.text);
  if (!("list" in answer)) return send(response, answer.status, answer.body, headers);
  // Deliveries are paged by a cursor, everything else by number.
  const name = url.pathname.endsWith("/deliveries") ? "cursor" : "page";
  const size = Math.min(largestPage, Math.max(1, Number(url.searchParams.get("per_page") ?? defaultPage) || defaultPage));
  const page = Math.max(1, Number(url.searchParams.get(name) ?? 1) || 1);
  const items = answer.list.slice((page - 1) * size, page * size);
  const last = Math.max(1, Math.ceil(answer.list.length / size));
  const at = (number: number, relation: string): string => {
    const link = new URL(url);
    link.searchParams.set(name, String(number));
    return `<${link.href}>; rel="${relation}"`;
  };
  const links = [
    ...(page > 1 ? [at(page - 1, "prev"), at(1, "first")] : []),
    ...(page < last ? [at(page + 1, "next"), at(last, "last")] : []),
  ];
  const body = answer.wrap === undefined ? items : answer.wrap(items, answer.list.length);
  send(response, answer.status, body, { ...headers, ...(links.length === 0 ? {} : { link: links.join(", ") }) });
}
