// What the scripts of package.json start: brings along whatever is missing (Node 24, packages, test engines), then runs the task on Node 24.
// Plain JavaScript, because it must run before anything is installed and on any Node from 18 on.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fail, findNode24, npm, root } from "./node24.mjs";

// Node gives the engine four helper threads whatever the machine; 0 lets it count the cores, which a busy small machine needs for its work.
const nodeFlags = ["--disable-warning=ExperimentalWarning", "--v8-pool-size=0"];
const [task = "", ...rest] = process.argv.slice(2);
const node = findNode24();

/**
 * Installs a folder's packages when they do not match its lockfile. `least` is `all`, or `product` for what running the product needs. Where a
 * developer's packages are there already they stay: running the product in a checkout must not take its tests away.
 */
function install(folder, least) {
  // A published package has no lockfile: npm installed its packages beside it.
  if (!existsSync(join(folder, "package-lock.json"))) return;
  const lock = createHash("sha256")
    .update(readFileSync(join(folder, "package-lock.json")))
    .digest("hex");
  const stamp = join(folder, "node_modules", ".installed");
  const kind = existsSync(join(folder, "node_modules", "vitest")) ? "all" : least;
  const installed = existsSync(stamp) ? readFileSync(stamp, "utf8").split(" ") : [];
  if (installed[0] === lock && (installed[1] === kind || installed[1] === "all")) return;
  process.stderr.write(`Installing packages${folder === root ? "" : ` for ${folder.slice(root.length)}`} …\n`);
  const omit = kind === "product" ? ["--omit=dev"] : [];
  const code = npm(node, ["ci", ...omit, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder);
  if (code !== 0)
    fail(
      `The packages could not be installed: npm ended with code ${code}. Check the network and the registry in your npm settings, then run the same again.`,
    );
  writeFileSync(stamp, `${lock} ${kind}`);
}

const bin = (...parts) => join(root, "node_modules", ...parts);
// Node keeps what it compiled: half of a short command's time is reading the sources. A folder that cannot be written to is passed over in silence.
const environment = {
  NODE_COMPILE_CACHE: bin(".cache", "compiled"),
  ...process.env,
  PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ""}`,
};

/** Runs one program of Node's to its end and returns its exit code. */
function run(args, options = {}) {
  const result = spawnSync(node, [...nodeFlags, ...args], { cwd: options.cwd ?? root, stdio: "inherit", env: environment });
  return result.status ?? 1;
}

/** Hands over to the command line program: signals reach it as they come, its exit code becomes ours. */
function tuneup(args) {
  handOver(
    existsSync(join(root, "src", "cli", "main.ts")) ? join(root, "src", "cli", "main.ts") : join(root, "dist", "cli", "main.js"),
    args,
  );
}

/** Starts a program that stays until it is told to stop, where the user is. */
function handOver(entry, args) {
  const child = spawn(node, [...nodeFlags, entry, ...args], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    stdio: "inherit",
    env: environment,
  });
  // The terminal sends Ctrl-C to both; the child decides when to end, and must not be orphaned meanwhile.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 130));
}

const formatted = ["src", "test", "bench", "vitest.config.ts"];
const checks = {
  format: () => run([bin("oxfmt", "bin", "oxfmt"), "--check", ...formatted]),
  lint: () => run([bin("oxlint", "bin", "oxlint"), "--type-aware", "--deny-warnings", "src", "test", "bench"]),
  types: () => run([bin("typescript", "bin", "tsc"), "-p", "tsconfig.json"]),
};
const vitest = (args) => run([bin("vitest", "vitest.mjs"), "run", ...args]);

/** Runs every check and test; ends with the plain line that says how many passed and failed. */
function testEverything(projects) {
  let passed = 0;
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    process.stdout.write(`\n── ${name}\n`);
    if (check() === 0) passed += 1;
    else {
      failed += 1;
      process.stdout.write(`${name} failed\n`);
    }
  }
  const folder = mkdtempSync(join(tmpdir(), "tuneup-test-"));
  for (const project of projects) {
    process.stdout.write(`\n── ${project.replace("*", "")} tests\n`);
    const report = join(folder, `${project.replace("*", "")}.json`);
    const code = vitest(["--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`]);
    const counts = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : { numPassedTests: 0, numFailedTests: 0 };
    passed += counts.numPassedTests;
    failed += counts.numFailedTests;
    // A suite that cannot even be loaded has no failed test of its own.
    if (code !== 0 && counts.numFailedTests === 0) failed += 1;
  }
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  process.exit(failed === 0 ? 0 : 1);
}

const tasks = {
  demo() {
    install(root, "product");
    tuneup(["demo", ...rest]);
  },
  tuneup() {
    install(root, "product");
    tuneup(rest);
  },
  "github-stand-in"() {
    install(root, "all");
    handOver(join(root, "test", "world", "stand-in.ts"), rest);
  },
  test() {
    install(root, "all");
    const engines = join(root, "test", "engines");
    install(engines, "all");
    if (rest.length > 0) process.exit(vitest(rest));
    testEverything(["fast*", "whole*", "slow"]);
  },
  check() {
    install(root, "all");
    testEverything(["fast*"]);
  },
  lint: () => alone(checks.lint),
  types: () => alone(checks.types),
  format: () => alone(() => run([bin("oxfmt", "bin", "oxfmt"), ...formatted])),
  bench() {
    install(root, "all");
    process.exit(run([join(root, "bench", "run.ts"), ...rest]));
  },
  build() {
    install(root, "all");
    rmSync(join(root, "dist"), { recursive: true, force: true });
    process.exit(run([bin("typescript", "bin", "tsc"), "-p", "tsconfig.build.json"]));
  },
};

function alone(check) {
  install(root, "all");
  process.exit(check());
}

const chosen = Object.hasOwn(tasks, task) ? tasks[task] : undefined;
if (chosen === undefined) fail(`There is no task "${task}". Known: ${Object.keys(tasks).join(", ")}.`);
chosen();
