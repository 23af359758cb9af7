import { Octokit } from "@octokit/rest";
import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";

/** https://docs.github.com/en/rest/apps/apps#create-a-github-app-from-a-manifest */
const conversionSchema = z.object({
  id: z.number().int().positive(),
  slug: z.string().min(1).max(100),
  pem: z.string().min(100),
  webhook_secret: z.string().min(16),
  html_url: z.url(),
});

/** A new App with the credentials that GitHub shows this one time. */
export interface NewApp {
  readonly id: string;
  readonly slug: string;
  readonly privateKey: string;
  readonly webhookSecret: string;
  /** Where people look at the App and install it. */
  readonly page: string;
}

/** Exchanges the code of GitHub's manifest flow, valid for one hour and once. Throws `forge-refused` or `forge-unreachable`, without the code in any text. */
export async function convertManifest(code: string, options: { readonly apiUrl?: string; readonly signal?: AbortSignal }): Promise<NewApp> {
  const octokit = new Octokit({ ...(options.apiUrl === undefined ? {} : { baseUrl: options.apiUrl }), log: silent });
  try {
    const { data } = await octokit.request("POST /app-manifests/{code}/conversions", {
      code,
      request: { signal: options.signal ?? AbortSignal.timeout(15_000) },
    });
    const app = conversionSchema.parse(data);
    return { id: String(app.id), slug: app.slug, privateKey: app.pem, webhookSecret: app.webhook_secret, page: app.html_url };
  } catch (error) {
    const status = error instanceof Error && "status" in error ? Number(error.status) : undefined;
    if (status === 404 || status === 422) {
      throw new TuneupError("forge-refused", "GitHub does not know this setup code: it was used already, or it is older than an hour.", {
        remedy: "Open the setup page again and create the App anew; an App without a home can be deleted in its settings.",
      });
    }
    if (error instanceof z.ZodError) {
      throw new TuneupError("forge-refused", "GitHub's answer to the setup code lacks the App's credentials.", {
        remedy: "Create the App by hand; docs/github-app.md says how.",
      });
    }
    throw new TuneupError(
      "forge-unreachable",
      `GitHub could not be asked for the App's credentials${status === undefined ? "" : ` (HTTP ${status})`}.`,
      {
        remedy: "Check that this machine reaches the API (GITHUB_API_URL for an Enterprise Server) and reload the page within the hour.",
        retryable: true,
      },
    );
  }
}

const nothing = (): void => undefined;
/** Octokit would print the request's path, and with it the code. */
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };
