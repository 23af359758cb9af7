import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readCredentialFile, writeCredentialFile } from "../adapters/credential-file/credential-file.ts";
import { convertManifest, type NewApp } from "../adapters/github-manifest/github-manifest.ts";
import { shippedFile } from "../compose.ts";
import type { Environment } from "../config/environment.ts";

const fileOf = (data: string): string => join(data, "github-app.json");

/** The App's credentials: the environment's where any is set, else those that the setup page stored; `undefined` where there are none. */
export function storedCredentials(environment: Environment, data: string): (Environment["app"] & { readonly apiUrl?: string }) | undefined {
  const api = environment.githubApiUrl === undefined ? {} : { apiUrl: environment.githubApiUrl };
  const { id, privateKey, webhookSecret } = environment.app;
  if (id !== undefined || privateKey !== undefined || webhookSecret !== undefined) return { ...environment.app, ...api };
  const stored = readCredentialFile(fileOf(data));
  if (stored === undefined) return undefined;
  return { ...environment.app, ...stored, ...api };
}

/** What the setup page needs of the world: the shipped manifest, GitHub, and a place that keeps the credentials once. */
export interface SetupParts {
  readonly manifest: string;
  readonly apiUrl?: string;
  readonly convert: (code: string) => Promise<NewApp>;
  readonly keep: (app: NewApp) => void;
  readonly credentialFile: string;
  readonly secret: () => string;
}

export function setupParts(environment: Environment, data: string): SetupParts {
  const api = environment.githubApiUrl === undefined ? {} : { apiUrl: environment.githubApiUrl };
  return {
    manifest: readFileSync(shippedFile("app.yml"), "utf8"),
    ...api,
    convert: (code) => convertManifest(code, api),
    keep: ({ id, privateKey, slug, webhookSecret }) => writeCredentialFile(fileOf(data), { id, slug, privateKey, webhookSecret, ...api }),
    credentialFile: fileOf(data),
    secret: () => randomBytes(32).toString("base64url"),
  };
}
