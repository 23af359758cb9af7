import nock from "nock";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { convertManifest } from "../../src/adapters/github-manifest/github-manifest.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

const answer = {
  id: 7,
  slug: "tuneup-acme",
  pem: "k".repeat(200),
  webhook_secret: "s".repeat(40),
  html_url: "https://github.com/apps/tuneup-acme",
};

describe("exchanging a setup code", () => {
  test("gives the App's credentials", async () => {
    nock("https://api.github.com").post("/app-manifests/abc/conversions").reply(201, answer);
    expect(await convertManifest("abc", {})).toMatchObject({ id: "7", slug: "tuneup-acme", webhookSecret: answer.webhook_secret });
  });

  test("goes to the Enterprise Server that the operator named", async () => {
    nock("https://github.acme.example").post("/api/v3/app-manifests/abc/conversions").reply(201, answer);
    expect((await convertManifest("abc", { apiUrl: "https://github.acme.example/api/v3" })).id).toBe("7");
  });

  test.each([
    [404, "forge-refused", /used already/],
    [500, "forge-unreachable", /HTTP 500/],
  ])("says what to do after %i", async (status, code, text) => {
    nock("https://api.github.com").post("/app-manifests/secret-code/conversions").reply(status, { message: "…" });
    const error = await convertManifest("secret-code", {}).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code });
    expect(String(error)).toMatch(text);
    expect(String(error)).not.toContain("secret-code");
  });

  test("refuses an answer without credentials", async () => {
    nock("https://api.github.com").post("/app-manifests/abc/conversions").reply(201, { id: 7, slug: "x" });
    await expect(convertManifest("abc", {})).rejects.toMatchObject({ code: "forge-refused" });
  });
});
