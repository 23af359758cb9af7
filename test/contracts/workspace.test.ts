import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { gitWorkspace } from "../../src/adapters/git-workspace/git-workspace.ts";
import { memoryWorkspace } from "../../src/adapters/memory-workspace/memory-workspace.ts";
import type { Workspace } from "../../src/ports/workspace.ts";
import { gitIn } from "../builders/git-repository.ts";

const repository = { owner: "acme", name: "support-agent" };
const root = mkdtempSync(join(tmpdir(), "tuneup-workspace-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

function onDisk(files: Readonly<Record<string, string | Uint8Array>>, more: (folder: string) => void = () => undefined): string {
  const folder = join(root, `r${(count += 1)}`);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  gitIn(folder, "init", "--quiet");
  more(folder);
  gitIn(folder, "add", "--all");
  gitIn(folder, "commit", "--quiet", "--allow-empty", "--message", "files");
  return folder;
}

const files = { "README.md": "# Hi\n", "prompts/system.md": "You are …\r\nkind.\n", "a b/ü.txt": "x" };

describe.each<[string, () => Workspace]>([
  ["the git workspace", () => gitWorkspace({ path: onDisk(files), repository })],
  ["the memory workspace", () => memoryWorkspace({ files, repository })],
])("%s keeps the workspace's contract", (_name, open) => {
  test("lists tracked files in path order with their sizes", async () => {
    await using checkout = await open().open("HEAD");
    expect((await checkout.entries()).map(({ kind, path, size }) => `${path} ${kind} ${size}`)).toEqual([
      "README.md file 5",
      "a b/ü.txt file 1",
      "prompts/system.md file 19",
    ]);
  });

  test("reads texts exactly, and leaves out what is not there", async () => {
    await using checkout = await open().open("HEAD");
    const texts = await checkout.read(["prompts/system.md", "a b/ü.txt", "nowhere.md", "../etc/passwd"]);
    expect([...texts]).toEqual([
      ["prompts/system.md", "You are …\r\nkind.\n"],
      ["a b/ü.txt", "x"],
    ]);
  });

  test("says what it looked for when there is no such revision", async () => {
    await expect(open().open("no-such-branch")).rejects.toMatchObject({
      code: "repository-unreadable",
      message: expect.stringContaining("no-such-branch"),
    });
  });

  test("opens the same commit again by its id", async () => {
    const workspace = open();
    const { commit } = await workspace.open("HEAD");
    expect((await workspace.open(commit)).commit).toBe(commit);
  });
});

describe("the git workspace", () => {
  test("reads the commit, not the work tree", async () => {
    const folder = onDisk({ "a.md": "committed" });
    writeFileSync(join(folder, "a.md"), "edited since");
    await using checkout = await gitWorkspace({ path: folder, repository }).open("HEAD");
    expect((await checkout.read(["a.md"])).get("a.md")).toBe("committed");
  });

  test("names links and executables, and reads no link, no binary and no file beyond a megabyte as text", async () => {
    const folder = onDisk(
      {
        "bin.dat": new Uint8Array([0, 1, 2]),
        "latin.txt": new Uint8Array([0xe4]),
        "big.txt": "x".repeat(1024 * 1024 + 1),
        "run.sh": "#!/bin/sh\n",
      },
      (path) => {
        symlinkSync("/etc/passwd", join(path, "link.md"));
        chmodSync(join(path, "run.sh"), 0o755);
      },
    );
    await using checkout = await gitWorkspace({ path: folder, repository }).open("HEAD");
    const entries = await checkout.entries();
    expect(entries.filter(({ kind }) => kind !== "file").map(({ kind, path }) => `${path} ${kind}`)).toEqual([
      "link.md symlink",
      "run.sh executable",
    ]);
    expect([...(await checkout.read(entries.map(({ path }) => path))).keys()]).toEqual(["run.sh"]);
  });

  test("runs no hook of a hostile repository", async () => {
    const folder = onDisk({ "a.md": "x" }, (path) => {
      mkdirSync(join(path, ".git/hooks"), { recursive: true });
      for (const hook of ["post-checkout", "reference-transaction", "post-index-change"])
        writeFileSync(join(path, ".git/hooks", hook), `#!/bin/sh\ntouch ${root}/hooked\n`, { mode: 0o755 });
    });
    rmSync(join(root, "hooked"), { force: true });
    await using checkout = await gitWorkspace({ path: folder, repository }).open("HEAD");
    await checkout.read(["a.md"]);
    expect(execFileSync("ls", [root], { encoding: "utf8" })).not.toContain("hooked");
  });

  test.each<[string, (folder: string) => void, RegExp]>([
    ["is not there", () => undefined, /there is no such folder/],
    ["is no repository", (folder) => mkdirSync(folder), /not a git repository/],
    [
      "has no commit yet",
      (folder) => {
        mkdirSync(folder);
        gitIn(folder, "init", "--quiet");
      },
      /has no commit "HEAD"/,
    ],
  ])("says so when the folder %s", async (_what, make, message) => {
    const folder = join(root, `r${(count += 1)}`);
    make(folder);
    await expect(gitWorkspace({ path: folder, repository }).open("HEAD")).rejects.toThrow(message);
  });

  test("takes a revision that looks like an option for a revision", async () => {
    await expect(gitWorkspace({ path: onDisk({ "a.md": "x" }), repository }).open("--output=/tmp/x")).rejects.toMatchObject({
      code: "repository-unreadable",
    });
  });
});
