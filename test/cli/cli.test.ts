import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@stricli/core";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { app } from "../../src/cli/app.ts";
import type { CliContext } from "../../src/cli/context.ts";
import { exitCode, exitCodeOf } from "../../src/cli/exit-code.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { instant } from "../../src/domain/ids.ts";
import { anEvidence } from "../builders/evidence-builder.ts";
import { aRepository } from "../builders/git-repository.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-cli-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
let cwd = "";

const wiki = readFileSync(new URL("../fixtures/tau-bench/wiki.md", import.meta.url), "utf8");
const airline = readFileSync(new URL("../fixtures/tau-bench/airline.jsonl", import.meta.url), "utf8");

interface Ended {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

async function tuneup(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  onTalk: (talk: string, stop: () => void) => void = () => undefined,
): Promise<Ended> {
  let [out, err] = ["", ""];
  const controller = new AbortController();
  const streams: CliContext["process"] = {
    stdout: { write: (text) => void (out += text) },
    stderr: {
      write: (text) => {
        err += text;
        onTalk(err, () => controller.abort());
      },
    },
  };
  const all = { PATH: process.env["PATH"] ?? "", ...variables };
  await run(app, args, {
    process: streams,
    cwd,
    environment: readEnvironment(all),
    variables: all,
    now: () => instant("2026-01-20T00:00:00.000Z"),
    signal: controller.signal,
  });
  const code = Number(streams.exitCode ?? 0);
  return { out, err, code: code < 0 ? exitCode.usage : code };
}

beforeEach(() => {
  cwd = aRepository(join(root, `r${(count += 1)}`), { "wiki.md": wiki, "README.md": "# The airline agent\n" });
  writeFileSync(join(cwd, "sessions.jsonl"), airline);
});

describe("tuneup", () => {
  test.each([
    "demo",
    "run",
    "ingest",
    "scan",
    "clusters",
    "show",
    "locate",
    "draft",
    "replay",
    "verify",
    "propose",
    "publish",
    "doctor",
    "project",
    "receive",
    "serve",
  ])("%s has help that shows how it is used", async (command) => {
    const { code, out } = await tuneup([command, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(/USAGE[\s\S]*FLAGS/);
  });

  test("lists its commands, and suggests one for a typing mistake", async () => {
    expect((await tuneup(["--help"])).out).toMatch(/demo[\s\S]*serve/);
    const { code, err } = await tuneup(["cluster"]);
    expect(err).toMatch(/clusters/);
    expect(code).toBe(exitCode.usage);
  });

  test("documents every exit code it has", () => {
    const docs = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
    for (const code of Object.values(exitCode)) expect(docs).toContain(`| ${code} |`);
    expect(exitCodeOf("model-not-configured")).toBe(5);
  });
});

describe("from traces to a located prompt", () => {
  test("ingests once, scans, clusters, shows and locates, for people and for machines", async () => {
    expect((await tuneup(["ingest", "sessions.jsonl"])).out).toBe("1 file: 6 spans added, 0 already known\n");
    expect((await tuneup(["ingest", "sessions.jsonl"])).out).toBe("1 file: 0 spans added, 6 already known\n");
    expect((await tuneup(["scan", "--to", "scan.json"])).out).toContain("6 sessions: 3 succeeded, 3 failed, 0 unclear");
    const clusters = JSON.parse((await tuneup(["clusters", "--json"])).out) as { id: string; members: string[] }[];
    expect(clusters.flatMap((cluster) => cluster.members)).toHaveLength(3);
    expect((await tuneup(["show", clusters[0]?.id ?? ""])).out).toMatch(/sessions\s+\d of 6/);
    expect((await tuneup(["show", clusters[0]?.members[0] ?? ""])).out).toMatch(/outcome\s+failed \(feedback\)[\s\S]*\[0\] user:/);
    const located = await tuneup(["locate"]);
    expect(located.out).toMatch(/^found\nsystem-prompt {2}wiki\.md:1-70\s+exact 100 %/);
    expect((await tuneup(["locate", "--json"])).out).toContain('"result":"found"');
  });

  test("takes labelled clusters as they are, and says when their sessions are not there", async () => {
    writeFileSync(
      join(cwd, "labelled.json"),
      JSON.stringify([{ id: "L1", title: "Forgets the baggage rule", members: ["airline-x", "airline-y"] }]),
    );
    await tuneup(["ingest", "sessions.jsonl"]);
    const { err, out } = await tuneup(["scan", "--clusters", "labelled.json", "--json"]);
    expect((JSON.parse(out) as { clusters: unknown[] }).clusters).toMatchObject([
      { id: "L1", title: "Forgets the baggage rule", members: ["airline-x", "airline-y"], origin: "labelled" },
    ]);
    expect(err).toContain("2 of their 2 sessions are not in the trace store");
  });

  test("keeps the good files, names the bad places with line and reason, and exits 4", async () => {
    writeFileSync(join(cwd, "cut.jsonl"), `${airline.split("\n")[0] ?? ""}\n{"session_id": "x", "messages": [\n`);
    writeFileSync(join(cwd, "strange.json"), '{"hello": 1}');
    const { code, err, out } = await tuneup(["ingest", "sessions.jsonl", "cut.jsonl", "strange.json"]);
    expect(code).toBe(exitCode.partialInput);
    expect(out).toMatch(/^3 files: 6 spans added, 1 already known/);
    expect(err).toMatch(/cut\.jsonl:2: the line is not JSON[\s\S]*strange\.json: neither OTLP nor chat transcripts/);
  });

  test("stores nothing with --dry-run", async () => {
    expect((await tuneup(["ingest", "sessions.jsonl", "--dry-run"])).out).toContain("6 spans would be added");
    expect((await tuneup(["scan", "--json"])).out).toContain('"sessions":0');
  });

  test("says what to name when a file, a session or a repository is not there", async () => {
    expect((await tuneup(["ingest", "nowhere.jsonl"])).err).toMatch(/no trace file at .*nowhere\.jsonl\.\n→/);
    expect((await tuneup(["show", "c-1"])).err).toMatch(/no session and no cluster "c-1"/);
    await tuneup(["ingest", "sessions.jsonl"]);
    const away = await tuneup(["locate", "--repo", "/nowhere"]);
    expect(away).toMatchObject({ code: exitCode.repository, err: expect.stringMatching(/there is no such folder/) });
  });
});

describe("a run without a model", () => {
  test("stops before drafting, says what to set, and exits 5", async () => {
    await tuneup(["ingest", "sessions.jsonl"]);
    const [cluster] = JSON.parse((await tuneup(["clusters", "--json"])).out) as { id: string }[];
    const { code, err, out } = await tuneup(["run", "--traces", "sessions.jsonl", "--repo", ".", "--cluster", cluster?.id ?? ""]);
    expect(code).toBe(exitCode.model);
    expect(out).toMatch(/Stopped before drafting: No model is configured[\s\S]*ANTHROPIC_API_KEY/);
    expect(err).toContain("✓ label     6 sessions");
  });
});

describe("doctor", () => {
  test("says what is there, what is missing and what would help", async () => {
    await tuneup(["ingest", "sessions.jsonl"]);
    const { code, out } = await tuneup(["doctor"]);
    expect(out).toMatch(
      /✓ {2}git[\s\S]*✓ {2}repository[\s\S]*6 sessions[\s\S]*6 of 6 lack user\n\s+→ .*user\.id[\s\S]*✗ {2}drafter[\s\S]*→ No model is configured/,
    );
    expect(code).toBe(exitCode.configuration);
  });

  test("names the option of the dialect that records what is missing, and the spans that nobody reads", async () => {
    const span = (spanId: string, name: string, values: Readonly<Record<string, string>>): object => ({
      traceId: "5b8efff798038103d269b633813fc60c",
      spanId,
      name,
      startTimeUnixNano: "1544712660000000000",
      attributes: Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } })),
    });
    const spans = [
      span("eee19b7ec3c1b174", "openai.chat", {
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "hi",
        "llm.request.type": "chat",
        "gen_ai.completion.0.content": "hello",
      }),
      span("eee19b7ec3c1b175", "odd", { "openinference.span.kind": "UNKNOWN" }),
    ];
    writeFileSync(join(cwd, "traces.json"), JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
    await tuneup(["ingest", "traces.json"]);
    const { out } = await tuneup(["doctor"]);
    expect(out).toMatch(/1 session in project .*, written by OpenLLMetry/);
    expect(out).toMatch(/for locate\s+1 of 1 lack instructions\n\s+→ Unset TRACELOOP_TRACE_CONTENT/);
    expect(out).toMatch(/for label\s+1 of 1 lack outcome\n\s+→ Send `gen_ai.evaluation.result`/);
    expect(out).toMatch(/not understood\s+1 × "odd" of OpenInference/);
  });

  test("names every problem of the operator file at once", async () => {
    writeFileSync(join(cwd, "tuneup.operator.yml"), "plan: { alpha: 0.5 }\nbudgte: 3\n");
    const { code, err } = await tuneup(["doctor"]);
    expect(err).toMatch(/2 problems:[\s\S]*plan\.alpha[\s\S]*budgte/);
    expect(code).toBe(exitCode.configuration);
  });
});

describe("verify", () => {
  test("confirms evidence, and exits 7 naming each line that does not follow", async () => {
    const good = JSON.stringify(anEvidence(), undefined, 2);
    const bad = good.replace('"controlBound": 0.1', '"controlBound": 0');
    const line = bad.split("\n").findIndex((one) => one.includes('"controlBound"')) + 1;
    writeFileSync(join(cwd, "good.json"), good);
    writeFileSync(join(cwd, "bad.json"), bad);
    expect(await tuneup(["verify", "good.json"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^verified: \d+ pairs, 1 verdict \(improves\)/),
    });
    expect(await tuneup(["verify", "bad.json"])).toMatchObject({
      code: exitCode.evidence,
      out: expect.stringContaining(`\n  line ${line}: verdicts[0].controlBound is 0, the pairs give 0.1\n`),
    });
    expect(await tuneup(["verify", "good.json", "--digest", "0123456789ab"])).toMatchObject({
      code: exitCode.evidence,
      out: expect.stringContaining("the document has the digest sha256:"),
    });
    expect(await tuneup(["verify", "nowhere.json"])).toMatchObject({ code: exitCode.partialInput });
  });
});

describe("what a conversation or a file says", () => {
  test("never drives the terminal", async () => {
    writeFileSync(
      join(cwd, "hostile.jsonl"),
      JSON.stringify({
        session_id: "h",
        messages: [
          { role: "user", content: "\u001b]0;owned\u0007\u001b[2J\u202Eevil" },
          { role: "assistant", content: "ok" },
        ],
      }),
    );
    await tuneup(["ingest", "hostile.jsonl"]);
    expect((await tuneup(["show", "h"])).out).not.toMatch(/(?!\n)\p{Cc}|\p{Bidi_Control}/u);
  });
});

describe("serve", () => {
  test("shows where to set up the App when there are no credentials, and ends when it is told to", async () => {
    const { code, err } = await tuneup(["serve", "--port", "0"], {}, (talk, stop) => {
      if (talk.includes("/setup")) stop();
    });
    expect(err).toMatch(/There is no GitHub App yet[\s\S]*http:\/\/127\.0\.0\.1:\d+\/setup/);
    expect(code).toBe(0);
  });

  test("refuses to start with credentials that are incomplete or weak, and names every problem", async () => {
    const { code, err } = await tuneup(["serve"], { APP_ID: "app", WEBHOOK_SECRET: "development" });
    expect(err).toMatch(/APP_ID[\s\S]*PRIVATE_KEY[\s\S]*WEBHOOK_SECRET/);
    expect(code).toBe(exitCode.configuration);
  });
});

describe("report", () => {
  test("prints the evidence as Markdown and writes it as a page, without conversations that are not there", async () => {
    writeFileSync(join(cwd, "evidence.json"), JSON.stringify(anEvidence()));
    expect(await tuneup(["report", "evidence.json"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^## improves: [\s\S]*### Cost/),
    });
    expect(await tuneup(["report", "evidence.json", "--html", "evidence.html"])).toMatchObject({
      code: 0,
      out: expect.stringContaining("evidence.html (without conversations"),
    });
    expect(readFileSync(join(cwd, "evidence.html"), "utf8")).toContain("The walk of each candidate");
    expect(existsSync(join(cwd, ".tuneup"))).toBe(false);
    const { out } = await tuneup(["report", "evidence.json", "--json", "--public"]);
    expect(JSON.parse(out)).toEqual({ markdown: expect.not.stringContaining("failing-0") });
  });

  test("shows nothing that does not verify", async () => {
    writeFileSync(join(cwd, "bad.json"), JSON.stringify({ ...anEvidence(), seed: 2 }));
    expect(await tuneup(["report", "bad.json"])).toMatchObject({ code: exitCode.usage, out: "" });
  });
});
