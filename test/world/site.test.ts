import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { convertManifest } from "../../src/adapters/github-manifest/github-manifest.ts";
import { GithubWorld } from "./github.ts";
import { rendered } from "./site/page.ts";
import { Site } from "./site/site.ts";

let world: GithubWorld;
beforeEach(async () => {
  world = await new GithubWorld(
    { "prompts/system.md": "Be kind.\n" },
    { site: (request, response) => new Site(() => world).answer(request, response) },
  ).start();
  world.permissions.set("ada", "write");
});
afterEach(() => world.stop());

const post = (path: string, fields: Record<string, string>): Promise<Response> =>
  fetch(`${world.url}${path}`, { method: "POST", redirect: "manual", body: new URLSearchParams(fields) });
const page = async (path: string): Promise<string> => (await fetch(`${world.url}${path}`)).text();

describe("the stand-in's pages", () => {
  test("make an App from a manifest and install it, as GitHub's own pages do", async () => {
    const manifest = JSON.stringify({
      name: "tuneup-abc",
      redirect_url: "http://127.0.0.1:3000/setup/callback",
      hook_attributes: { url: "http://127.0.0.1:3000/api/github/webhooks" },
      default_permissions: { contents: "write", metadata: "read" },
      default_events: ["issue_comment"],
    });
    expect(await (await post("/settings/apps/new?state=abc", { manifest })).text()).toContain("Create GitHub App");
    const back = new URL((await post("/settings/apps/confirm", { manifest, owner: "acme", state: "abc" })).headers.get("location") ?? "");
    expect([back.host, back.searchParams.get("state")]).toEqual(["127.0.0.1:3000", "abc"]);
    const code = back.searchParams.get("code") ?? "";
    const app = await convertManifest(code, { apiUrl: `${world.url}/api/v3` });
    await expect(convertManifest(code, { apiUrl: `${world.url}/api/v3` })).rejects.toMatchObject({ code: "forge-refused" });
    expect(app.privateKey).toContain("PRIVATE KEY");
    await post(`/apps/${app.slug}/installations`, {});
    expect(world.webhooks.deliveries.filter((one) => one.app === Number(app.id)).map((one) => `${one.event}.${one.action ?? ""}`)).toEqual([
      "installation.created",
    ]);
  });

  test("let a person comment, and close an issue", async () => {
    const number = world.openIssue("It fails");
    await post(`/acme/support-agent/issues/${number}/comments`, { login: "ada", body: "/tuneup run" });
    expect(await page(`/acme/support-agent/issues/${number}`)).toContain("/tuneup run");
    await post(`/acme/support-agent/issues/${number}/close`, {});
    expect(await page(`/acme/support-agent/issues/${number}`)).toContain("closed");
  });

  test("offer a draft for review before it can be merged, as GitHub does", async () => {
    const branch = { ref: "refs/heads/edit", sha: world.head("main") };
    await world.ask({ kind: "user", login: "ada" }, "POST", "/repos/acme/support-agent/git/refs", branch);
    world.push("edit", "an edit", { "prompts/system.md": "Be kinder.\n" });
    await world.ask({ kind: "user", login: "ada" }, "POST", "/repos/acme/support-agent/pulls", {
      title: "Kinder",
      head: "edit",
      base: "main",
      draft: true,
    });
    const place = `/acme/support-agent/pull/${world.pulls.at(-1)?.number ?? 0}`;
    expect(await page(place)).toMatch(/Ready for review/);
    await post(`${place}/ready`, {});
    expect(await page(place)).toMatch(/>Merge</);
    await post(`${place}/merge`, {});
    expect(await page(place)).toContain("<b>merged</b>");
  });

  test("answer to no name but this machine's own", async () => {
    const { request } = await import("node:http");
    const status = await new Promise((resolve) => {
      request(world.url, { headers: { host: "evil.example" } }, (response) => resolve(response.resume().statusCode)).end();
    });
    expect(status).toBe(403);
  });

  test("show hostile bodies as text: no script, no image, no handler", () => {
    const html = rendered(
      '<script>x()</script> <img src=x onerror=y()> ![a](https://evil.example/a.png) <details onclick="z()">a</details> [b](javascript:x)',
    );
    expect(html).not.toMatch(/<script|<img|<details on|href="javascript/i);
    expect(html).toContain("<details>");
  });
});
