import { parse } from "yaml";
import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";
import { webhookPath } from "../webhook-server.ts";

/** `app.yml`: what the App asks for. */
const shippedSchema = z.object({
  url: z.url(),
  description: z.string(),
  default_permissions: z.record(z.string(), z.enum(["read", "write"])),
  default_events: z.array(z.string()).min(1),
});

/** What GitHub's manifest flow takes. https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest */
export interface Manifest {
  readonly name: string;
  readonly url: string;
  readonly description: string;
  readonly public: false;
  readonly redirect_url: string;
  readonly hook_attributes: { readonly url: string; readonly active: true };
  readonly default_permissions: Readonly<Record<string, "read" | "write">>;
  readonly default_events: readonly string[];
}

/** What `app.yml` asks for. Throws `config-invalid` for a file that is damaged. */
export function readShipped(shipped: string): z.infer<typeof shippedSchema> {
  const parsed = shippedSchema.safeParse(parse(shipped));
  if (parsed.success) return parsed.data;
  throw new TuneupError("config-invalid", "app.yml is damaged.", { remedy: "Restore the file that ships with Tuneup." });
}

/** GitHub's limit for an App's name, which must be free on the whole of GitHub. */
export const longestName = 34;

export interface ManifestChoices {
  readonly name: string;
  /** Where GitHub reaches this Tuneup: scheme, host, port. */
  readonly publicUrl: URL;
  /** Where GitHub sends the browser back to. */
  readonly redirect: string;
}

/** The manifest of `app.yml` for this installation. The App is always private: a public one lets strangers install it and run on its owner's budget. */
export function manifestOf(shipped: string, { name, publicUrl, redirect }: ManifestChoices): Manifest {
  const { default_events, default_permissions, description, url } = readShipped(shipped);
  return {
    name,
    url,
    description,
    public: false,
    redirect_url: redirect,
    hook_attributes: { url: new URL(webhookPath, publicUrl).href, active: true },
    default_permissions,
    default_events,
  };
}
