import { describe, expect, it } from "vitest";
import { rules } from "@secretlint/secretlint-rule-preset-recommend";
import { secretScanner } from "../../src/adapters/secretlint-scanner/secret-ranges.ts";
import { knownRules } from "../../src/adapters/secretlint-scanner/suspects.ts";
import { findSecrets } from "../../src/adapters/secretlint-scanner/secretlint-scanner.ts";

/** Letters and digits that look drawn, put together at run time: no scanner shall find a secret in this file. */
const drawn = (length: number): string => Array.from({ length }, (_, index) => "aB3dE5gH7jK9mN1pQ2sT4vW6xY8zA0"[(index * 7) % 30]).join("");
const base32 = (length: number): string => Array.from({ length }, (_, index) => "QWERTZUIOPASDFGH2345"[(index * 7) % 20]).join("");

const secrets: Readonly<Record<string, string>> = {
  "a GitHub token": `ghp_${drawn(36)}`,
  "a long GitHub installation token": `ghs_${drawn(200)}-${drawn(100)}.${drawn(200)}`,
  "a fine-grained GitHub token": `github_pat_${drawn(22)}_${drawn(59)}`,
  "an AWS access key id": `AKIA${base32(16)}`,
  "an AWS secret": `aws_secret_access_key = ${drawn(40)}`,
  "an Anthropic key": `sk-ant-api03-${drawn(93)}AA`,
  "an OpenAI key": `sk-${drawn(20)}T3BlbkFJ${drawn(20)}`,
  "a Slack token": `xoxb-123456789012-1234567890123-${drawn(24)}`,
  "a JSON web token": `eyJ${drawn(18)}.eyJ${drawn(30)}.${drawn(43)}`,
  "a private key": ["-----BEGIN RSA", "PRIVATE KEY-----"].join(" "),
  "a connection string": `postgres://admin:${drawn(12)}@db.internal:5432/shop`,
  "a password in a URL": `https://user:${drawn(10)}@host.example/`,
  "a W&B key": `WANDB_API_KEY=${"0123456789abcdef".repeat(3).slice(0, 40)}`,
  "a token of a trace project": `tup_${drawn(49)}`,
  "a bearer token": `Authorization: Bearer ${drawn(40)}`,
};

describe("the secret scan", () => {
  it.each(Object.entries(secrets))("finds %s and says the line, never the secret", async (_what, secret) => {
    const found = await findSecrets(`first line\nsecond ${secret} end\n`);
    expect(found.map(({ line }) => line)).toEqual([2]);
    expect(JSON.stringify(found)).not.toContain(secret.slice(-12));
  });

  it("finds each of several, in the order of their lines", async () => {
    const text = [secrets["a private key"], "nothing", secrets["a GitHub token"]].join("\n");
    expect((await findSecrets(text)).map(({ line }) => line)).toEqual([1, 3]);
  });

  it("leaves prompts, digests and commit ids alone", async () => {
    const text = `You are an agent. sha256:${"ab12".repeat(16)}, commit ${"0a1b2c3d4e".repeat(4)}, see docs/prompts.md, mail to {email}.\n`;
    expect(await findSecrets(text)).toEqual([]);
  });
});

/** One of each rule that is not among those above. */
const others: Readonly<Record<string, string>> = {
  npm: `npm_${drawn(36)}`,
  "a short Slack token": "xoxp-1-a",
  "a Slack app": `xapp-1-${drawn(20)}`,
  "a Slack hook": `https://hooks.slack.com/services/T${base32(8)}/B${base32(8)}/${drawn(24)}`,
  SendGrid: `SG.${drawn(22)}.${drawn(43)}`,
  Shopify: `shpat_${drawn(32)}`,
  Stripe: `rk_live_${drawn(24)}`,
  GitLab: `glpat-${drawn(20)}`,
  Grafana: `glc_${drawn(40)}`,
  "a Grafana account": `glsa_${drawn(32)}_0a1b2c3d`,
  "an OpenAI project": `sk-proj-${drawn(74)}T3BlbkFJ${drawn(74)}`,
  Groq: `gsk_${drawn(52)}`,
  "Hugging Face": `hf_${"abcdefghijklmnopq".repeat(2)}`,
  Linear: `lin_api_${drawn(40)}`,
  Notion: `ntn_12345678901${drawn(35)}`,
  MongoDB: `mongodb+srv://user:${drawn(8)}@cluster.example/db`,
  Vault: `hvs.${drawn(95)}`,
  "a Vault batch": `hvb.${drawn(140)}`,
  Vercel: `vck_${drawn(24)}`,
  Databricks: `dapi${"0123456789abcdef".repeat(2)}`,
  Docker: `dckr_pat_${drawn(27)}`,
  Figma: `figd_${drawn(40)}`,
  Cloudflare: `cfut_${drawn(40)}0a1b2c3d`,
  Tailscale: `tskey-auth-${drawn(12)}-${drawn(24)}`,
  "a named password": "db_password=hunter22",
  "a key of Google": `AIza${drawn(35)}`,
};

describe("the quick look for secrets", () => {
  it.each(Object.entries({ ...secrets, ...others }))("is never quieter than the scan: %s", async (_what, secret) => {
    const forms = [secret, `see ${secret}.`, JSON.stringify({ text: `first\n${secret}\n` })];
    expect(forms.filter((text) => !secretScanner.suspects(text))).toEqual([]);
    expect(await secretScanner.find(`see ${secret}\n`)).not.toEqual([]);
  });

  it("knows every rule of the preset: who adds one adds its sign", () => {
    expect(rules.map(({ meta }) => meta.id.replace("@secretlint/secretlint-rule-", ""))).toEqual(knownRules);
  });

  it("passes over what agents say and call", () => {
    const said = [
      '{"name":"get_reservation_details","arguments":{"reservation_id":"EHGLP3"}}',
      "I have updated the baggage information for your reservation.",
      "2024-05-15T10:30:00-05:00 order #W2378156, item 1656367028",
    ];
    expect(said.filter((text) => secretScanner.suspects(text))).toEqual([]);
  });
});
