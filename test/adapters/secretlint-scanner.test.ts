import { describe, expect, it } from "vitest";
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
