import { createServer } from "node:http";
import { TuneupError } from "../domain/errors.ts";

export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Answers `GET /metrics` on a port of its own: webhooks come from the internet, figures stay inside. */
export async function startMetricsServer(options: {
  readonly port: number;
  readonly host: string;
  readonly metrics: () => Promise<string>;
}): Promise<MetricsServer> {
  const { host, metrics, port } = options;
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5000 }, (request, response) => {
    if (request.method !== "GET" || request.url?.split("?")[0] !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    void metrics().then(
      (text) => response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text),
      () => response.writeHead(503).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new TuneupError("config-invalid", `Metrics cannot be served on ${host}:${port}.`, {
          remedy: "Choose another METRICS_PORT, or leave it out.",
          fields: { host, port },
          cause,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    url: `http://${host}:${typeof address === "object" && address !== null ? address.port : port}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
