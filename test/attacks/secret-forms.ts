import { findSecrets } from "../../src/adapters/secretlint-scanner/secretlint-scanner.ts";
import { Findings, type Guard } from "./case.ts";
import { publishTo, rawProposal, withWorld } from "./publishing-rig.ts";

const letters = (count: number, seed: number): string =>
  Array.from({ length: count }, (_, index) => "aZ3bY7cX1dW9eV5fU2gT8hS4jR6kQ0"[(index * 7 + seed) % 30] ?? "a").join("");

/** Credentials of many makers in their plain forms; none of them is real. */
export const plainSecrets: readonly (readonly [what: string, secret: string])[] = [
  ["a GitHub token of the new form", `ghs_12345_${letters(510, 1)}`],
  ["a fine-grained GitHub token", `github_pat_11${letters(20, 2)}_${letters(59, 3)}`],
  ["a GitHub token of the old form", `ghp_${letters(36, 4)}`],
  ["an AWS key", "AKIAQYLPMN5HHHFPZAM2"],
  ["an Anthropic key", `sk-ant-api03-${letters(93, 5)}AA`],
  ["a Slack token", `xoxb-123456789012-1234567890123-${letters(24, 6)}`],
  ["a private key", `-----BEGIN RSA PRIVATE KEY-----\n${letters(64, 7)}\n${letters(64, 8)}\n-----END RSA PRIVATE KEY-----`],
  ["a database address", "postgres://admin:hunter2hunter2@db.example.com:5432/prod"],
];

/** Publishes proposals whose body, commit message or file holds a credential; none may be found at the forge, nor in what is said about it. */
export async function withoutSecrets(guard: Guard): Promise<readonly string[]> {
  const findings = new Findings();
  const before = "- Say goodbye.";
  await withWorld({ "prompts/system.md": `# Agent\n\n${before}\n` }, async (world) => {
    for (const [index, [what, secret]] of plainSecrets.entries()) {
      const change = { path: "prompts/system.md", before, after: `${before}\n- ${index}` };
      const proposals = [
        rawProposal(world, change, { body: `The body. ${secret}` }),
        rawProposal(world, { ...change, after: `${before}\n- Use ${secret} (${index})` }),
        rawProposal(world, { ...change, after: `${before}\n- ${index} b` }, { commitMessage: `prompt: fewer failures\n\n${secret}` }),
      ];
      for (const proposal of proposals) {
        const end = await publishTo(world, proposal, guard, findSecrets);
        const said = "error" in end ? String(end.error) : "";
        findings.must(!said.includes(secret.slice(4, 24)), `${what} stands in an error`);
      }
      const sent = JSON.stringify(world.exchanges.map((exchange) => exchange.body));
      const stored = world
        .branches()
        .map((branch) => `${world.text(branch, "prompts/system.md") ?? ""}${world.commitsOn(branch).join("")}`);
      const leaked = sent.includes(JSON.stringify(secret).slice(1, -1)) || stored.some((text) => text.includes(secret));
      findings.must(!leaked, `${what} left`);
    }
  });
  return findings.all;
}
