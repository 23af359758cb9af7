import { fileURLToPath } from "node:url";

/** How this program is started again: Node's arguments up to the command name. */
export const program: readonly string[] = [
  "--disable-warning=ExperimentalWarning",
  "--v8-pool-size=0",
  fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "main.ts" : "main.js", import.meta.url)),
];
