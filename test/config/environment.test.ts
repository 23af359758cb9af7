import { expect, test } from "vitest";
import { readEnvironment } from "../../src/config/environment.ts";

test("an empty variable counts as absent, and GH_TOKEN stands in for GITHUB_TOKEN", () => {
  const environment = readEnvironment({ ANTHROPIC_API_KEY: " ", OPENAI_API_KEY: "k", GH_TOKEN: "t", PATH: "/bin" });
  expect(environment.anthropicApiKey).toBeUndefined();
  expect(environment.openaiApiKey).toBe("k");
  expect(environment.githubToken).toBe("t");
});
