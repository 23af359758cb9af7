import { readFileSync } from "node:fs";
import { request } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { type CreatedApp, type SetupServer, startSetupServer } from "../../../src/app/setup/setup-server.ts";
import { TuneupError } from "../../../src/domain/errors.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const created: CreatedApp = {
  id: "7",
  slug: "tuneup-acme",
  privateKey: "-----BEGIN RSA PRIVATE KEY-----",
  webhookSecret: "a-secret-of-more-than-16",
  page: "https://github.com/apps/tuneup-acme",
};

let server: SetupServer | undefined;
afterEach(() => server?.close());

interface Opened {
  readonly base: string;
  readonly kept: CreatedApp[];
  readonly codes: string[];
  readonly link: string;
}

async function open(options: { readonly host?: string; readonly convert?: (code: string) => Promise<CreatedApp> } = {}): Promise<Opened> {
  const kept: CreatedApp[] = [];
  const codes: string[] = [];
  let count = 0;
  server = await startSetupServer({
    port: 0,
    host: options.host ?? "127.0.0.1",
    manifest: readFileSync(new URL("../../../app.yml", import.meta.url), "utf8"),
    convert:
      options.convert ??
      (async (code) => {
        codes.push(code);
        return created;
      }),
    keep: (app) => void kept.push(app),
    credentialFile: "/data/github-app.json",
    secret: () => `secret-${(count += 1)}-${"x".repeat(32)}`,
    log: quiet,
  });
  const { link } = server;
  const port = /:(\d+)\//.exec(link)?.[1] ?? "";
  return { base: `http://127.0.0.1:${port}`, kept, codes, link };
}

const get = (url: string, headers: Record<string, string> = {}): Promise<Response> => fetch(url, { redirect: "manual", headers });
/** The answer to a browser that took a foreign name for this machine. */
const statusUnderName = (url: string, name: string): Promise<number> =>
  new Promise((resolve, reject) => {
    request(url, { headers: { host: name } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });
const cookieOf = (response: Response): string => (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
const choices = { name: "tuneup-acme", organization: "acme", publicUrl: "https://tuneup.acme.example" };

async function submit(base: string, cookie: string, form: Record<string, string> = choices, origin = base): Promise<Response> {
  return fetch(`${base}/setup`, { method: "POST", headers: { cookie, origin }, body: new URLSearchParams(form) });
}

/** The form that goes to GitHub: where to, and with which manifest. */
function githubForm(page: string): { readonly action: URL; readonly manifest: Record<string, unknown> } {
  const text = (pattern: RegExp): string => (pattern.exec(page)?.[1] ?? "").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
  return {
    action: new URL(text(/action="(https:[^"]+)"/)),
    manifest: JSON.parse(text(/name="manifest"\s+value="([^"]+)"/)) as Record<string, unknown>,
  };
}

describe("the setup page on this machine", () => {
  test("leads through GitHub's manifest flow and keeps the credentials once", async () => {
    const { base, codes, kept } = await open();
    const cookie = cookieOf(await get(`${base}/setup`));
    const { action, manifest } = githubForm(await (await submit(base, cookie)).text());
    expect(action.href).toMatch(/^https:\/\/github\.com\/organizations\/acme\/settings\/apps\/new\?state=secret-/);
    expect(manifest).toMatchObject({
      name: "tuneup-acme",
      public: false,
      redirect_url: `${base}/setup/callback`,
      hook_attributes: { url: "https://tuneup.acme.example/api/github/webhooks", active: true },
    });
    const back = await get(`${base}/setup/callback?code=abc&state=${action.searchParams.get("state")}`, { cookie });
    const page = await back.text();
    expect([back.status, codes, kept]).toEqual([200, ["abc"], [created]]);
    expect(page).toContain("https://github.com/apps/tuneup-acme/installations/new");
    expect(page).not.toContain(created.privateKey);
    expect(page).not.toContain(created.webhookSecret);
    expect(await server?.done).toEqual(created);
    expect((await get(`${base}/setup/callback?code=abc&state=${action.searchParams.get("state")}`, { cookie })).status).toBe(400);
  });

  test("asks for the permissions of app.yml and no others", async () => {
    const { base } = await open();
    const { manifest } = githubForm(await (await submit(base, cookieOf(await get(`${base}/setup`)))).text());
    expect(Object.keys(manifest["default_permissions"] as object)).not.toContain("workflows");
    expect(Object.keys(manifest["default_permissions"] as object)).not.toContain("administration");
  });

  test.each([
    ["an address with a path", { publicUrl: "https://x.example/path" }, "must be https://"],
    ["an address without TLS", { publicUrl: "http://x.example" }, "must be https://"],
    ["no address", { publicUrl: "javascript:alert(1)" }, "must be https://"],
    ["an organization that is none", { organization: "a/b" }, "An organization"],
    ["a name with markup", { name: "<b>x</b>" }, "The App&#39;s name"],
  ])("says what is wrong with %s, and keeps what was typed as text", async (_what, wrong, problem) => {
    const { base } = await open();
    const response = await submit(base, cookieOf(await get(`${base}/setup`)), { ...choices, ...wrong });
    const page = await response.text();
    expect(response.status).toBe(422);
    expect(page).toContain(problem);
    expect(page).not.toContain("<b>x</b>");
  });

  test("turns away other sites: their forms, their callbacks, and names of theirs that point here", async () => {
    const { base, codes } = await open();
    const cookie = cookieOf(await get(`${base}/setup`));
    expect((await submit(base, cookie, choices, "https://evil.example")).status).toBe(403);
    expect((await submit(base, "")).status).toBe(403);
    expect((await get(`${base}/setup/callback?code=abc&state=guess`, { cookie })).status).toBe(400);
    expect(await statusUnderName(`${base}/setup`, "evil.example")).toBe(403);
    expect(codes).toEqual([]);
  });

  test("may be tried again when GitHub cannot be reached, with the same code", async () => {
    let isUp = false;
    const { base, kept } = await open({
      convert: async () => {
        if (!isUp)
          throw new TuneupError("forge-unreachable", "GitHub could not be asked.", { remedy: "Reload the page.", retryable: true });
        return created;
      },
    });
    const cookie = cookieOf(await get(`${base}/setup`));
    const { action } = githubForm(await (await submit(base, cookie)).text());
    const callback = `${base}/setup/callback?code=abc&state=${action.searchParams.get("state")}`;
    const failed = await get(callback, { cookie });
    expect([failed.status, (await failed.text()).includes("Reload the page.")]).toEqual([502, true]);
    isUp = true;
    expect([(await get(callback, { cookie })).status, kept.length]).toEqual([200, 1]);
  });

  test("sends pages that no script can run on and no frame can hold", async () => {
    const { base } = await open();
    const policy = (await get(`${base}/setup`)).headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
  });
});

describe("the setup page on an open address", () => {
  test("opens once, for the link of the log", async () => {
    const { base, link } = await open({ host: "0.0.0.0" });
    const token = new URL(link.replace("<this machine>", "host")).searchParams.get("token");
    expect((await get(`${base}/setup`)).status).toBe(403);
    expect((await get(`${base}/setup?token=guess`)).status).toBe(403);
    const opened = await get(`${base}/setup?token=${token}`);
    expect([opened.status, opened.headers.get("location")]).toEqual([303, "/setup"]);
    expect((await get(`${base}/setup`, { cookie: cookieOf(opened) })).status).toBe(200);
    expect((await get(`${base}/setup?token=${token}`)).status).toBe(403);
  });
});
