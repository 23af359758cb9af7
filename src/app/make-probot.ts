import { Probot, ProbotOctokit } from "probot";
import type { Delivery } from "../ports/inbox.ts";
import { guardedRequest, type RequestKeepers, type WriteGuard } from "../ports/outgoing.ts";

export interface MadeProbot {
  readonly probot: Probot;
  /** Calls the App's handlers of a delivery. Throws what they throw, gathered. */
  handle(delivery: Delivery): Promise<void>;
  /** Whether any handler waits for this event. */
  isHandled(event: string, action: string | undefined): boolean;
}

/** Probot without its server: it holds the App's key, its clients and its handlers. Signatures are checked before, bodies are bounded before. */
export async function makeProbot(
  credentials: { readonly id: string; readonly privateKey: string; readonly webhookSecret: string; readonly apiUrl?: string },
  load: (app: Probot) => void,
  guards: readonly WriteGuard[],
  keepers?: Partial<Omit<RequestKeepers, "guards">>,
): Promise<MadeProbot> {
  const probot = new Probot({
    appId: credentials.id,
    privateKey: credentials.privateKey,
    secret: credentials.webhookSecret,
    logLevel: "fatal",
    // The object form of these options is ignored by Probot; our own job steps decide about trying again.
    Octokit: ProbotOctokit.plugin(keptRequests({ guards, clock: () => 0, ...keepers })).defaults((defaults: Record<string, object>) => ({
      ...defaults,
      throttle: { ...defaults["throttle"], enabled: false },
      retry: { enabled: false },
    })),
    ...(credentials.apiUrl === undefined ? {} : { baseUrl: credentials.apiUrl }),
  });
  const names = rememberNames(probot);
  await probot.load(load);
  return {
    probot,
    async handle(delivery) {
      const event = { id: delivery.id, name: delivery.event, payload: JSON.parse(delivery.body) as unknown };
      await probot.receive(event as Parameters<Probot["receive"]>[0]);
    },
    isHandled: (event, action) => names.has(event) || (action !== undefined && names.has(`${event}.${action}`)) || names.has("*"),
  };
}

/** The events that handlers are registered for, as they are registered. */
function rememberNames(probot: Probot): ReadonlySet<string> {
  const names = new Set<string>();
  const { on, onAny } = probot;
  probot.on = ((name: string | string[], handler: never) => {
    for (const one of Array.isArray(name) ? name : [name]) names.add(one);
    on(name as never, handler);
  }) as typeof probot.on;
  probot.onAny = (handler) => {
    names.add("*");
    onAny(handler);
  };
  return names;
}

const longestRequest = 30_000;

/** An Octokit plugin: no request hangs for longer than half a minute, goes out while GitHub wants quiet, or writes past the guards. */
function keptRequests(keepers: RequestKeepers): (octokit: Pick<ProbotOctokit, "hook">) => Record<string, never> {
  return (octokit) => {
    octokit.hook.wrap("request", async (request, options) => {
      const { method, url, ...fields } = options;
      const send = async () => request({ ...options, request: { ...options.request, signal: AbortSignal.timeout(longestRequest) } });
      return guardedRequest({ method, url, fields }, send, keepers);
    });
    return {};
  };
}
