import { spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Repository } from "./state.ts";

export const gitPath = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/;

/** Answers git's own protocol through `git http-backend`: clone, fetch, push. Resolves once everything is sent. */
export function serveGit(
  request: IncomingMessage,
  response: ServerResponse,
  parts: { readonly repository: Repository; readonly inner: string; readonly query: string; readonly user: string },
): Promise<void> {
  const { folder } = parts.repository.git;
  const backend = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env["PATH"] ?? "",
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      PATH_INFO: `/${parts.inner}`,
      QUERY_STRING: parts.query,
      REQUEST_METHOD: request.method ?? "GET",
      REMOTE_USER: parts.user,
      REMOTE_ADDR: "127.0.0.1",
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      ...(request.headers["content-length"] === undefined ? {} : { CONTENT_LENGTH: request.headers["content-length"] }),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  request.pipe(backend.stdin);
  backend.stdin.on("error", () => undefined);
  return new Promise((resolve, reject) => {
    let head: Buffer | undefined = Buffer.alloc(0);
    backend.stdout.on("data", (chunk: Buffer) => {
      if (head === undefined) return void response.write(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return undefined;
      sendHead(response, head.subarray(0, end).toString("latin1"));
      response.write(head.subarray(end + 4));
      head = undefined;
    });
    backend.on("error", reject);
    backend.on("close", () => response.end(() => resolve()));
  });
}

/** A CGI program's headers: its status is one of them. */
function sendHead(response: ServerResponse, text: string): void {
  const headers = text.split("\r\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()] as const);
  const status = headers.find(([name]) => name.toLowerCase() === "status")?.[1] ?? "200";
  response.writeHead(Number(status.split(" ")[0]), Object.fromEntries(headers.filter(([name]) => name.toLowerCase() !== "status")));
}
