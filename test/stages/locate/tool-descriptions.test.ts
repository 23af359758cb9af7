import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { astGrepLiterals } from "../../../src/adapters/ast-grep-literals/ast-grep-literals.ts";
import { memoryWorkspace } from "../../../src/adapters/memory-workspace/memory-workspace.ts";
import type { Json } from "../../../src/domain/ids.ts";
import type { AgentSource } from "../../../src/domain/source.ts";
import { locate } from "../../../src/stages/locate.ts";
import { aSession } from "../../builders/session-builder.ts";

const wiki = readFileSync(new URL("../../fixtures/tau-bench/wiki.md", import.meta.url), "utf8");
const literals = astGrepLiterals();

const city = "City and country of the place, such as Lagos, Nigeria.";
const own = "Looks up the present weather of a place. Use it before any advice on clothes.";
const schema: Json = { type: "object", properties: { city: { type: "string", description: city } } };

async function find(
  files: Readonly<Record<string, string>>,
  tools: readonly { readonly name: string; readonly description: string; readonly parameters: Json }[] = [
    { name: "get_weather", description: own, parameters: schema },
  ],
): Promise<readonly AgentSource[]> {
  const checkout = await memoryWorkspace({ repository: { owner: "acme", name: "agent" }, files: { "agent/wiki.md": wiki, ...files } }).open(
    "HEAD",
  );
  const session = aSession([{ user: "hi" }, { agent: "hello" }], { instructions: wiki, tools });
  const located = await locate({ sessions: [session], checkout }, { literals });
  return located.result === "found" ? located.sources.filter((source) => source.kind === "tool-description") : [];
}

const said = (sources: readonly AgentSource[]): readonly string[] =>
  sources.map(({ part, path, readOnly, subject, text }) =>
    [path, subject, part, text, readOnly].filter((one) => one !== undefined).join(" | "),
  );

const both = (path: string): readonly string[] => [`${path} | get_weather | ${own}`, `${path} | get_weather | city | ${city}`];

describe("a tool's description and its parameter's one are found", () => {
  test.each<readonly [what: string, path: string, text: string]>([
    [
      "in YAML, below the tool's name as a key",
      "tools.yaml",
      `tools:\n  get_weather:\n    description: ${own}\n    inputSchema:\n      properties:\n        city:\n          type: string\n          description: "${city}"\n`,
    ],
    [
      "in OpenAI's nested JSON",
      "tools.json",
      JSON.stringify([{ type: "function", function: { name: "get_weather", description: own, parameters: schema } }], undefined, 2),
    ],
    ["in Anthropic's JSON", "tools.json", JSON.stringify({ tools: [{ name: "get_weather", description: own, input_schema: schema }] })],
    [
      "in a Python dictionary",
      "tools/weather.py",
      `class GetWeather(Tool):\n    @staticmethod\n    def get_info():\n        return {"type": "function", "function": {"name": "get_weather", "description": "${own}",\n            "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "${city}"}}}}}\n`,
    ],
    [
      "in Python class attributes",
      "tools/weather.py",
      `class WeatherTool(Tool):\n    name = "get_weather"\n    description = "${own}"\n    inputs = {"city": {"type": "string", "description": "${city}"}}\n\n    def forward(self, city):\n        return 1\n`,
    ],
    [
      "in a Google docstring",
      "tools/weather.py",
      `@function_tool\ndef get_weather(city: str) -> str:\n    """${own}\n\n    Args:\n        city: ${city}\n\n    Returns:\n        The weather.\n    """\n    return "sunny"\n`,
    ],
    [
      "in a NumPy docstring",
      "tools/weather.py",
      `@tool\ndef get_weather(city: str) -> str:\n    """\n    ${own}\n\n    Parameters\n    ----------\n    city : str\n        ${city}\n    """\n`,
    ],
    [
      "in a Sphinx docstring",
      "tools/weather.py",
      `@tool\ndef get_weather(city: str) -> str:\n    """${own}\n\n    :param city: ${city}\n    :return: the weather\n    """\n`,
    ],
    [
      "in Pydantic's Field and Annotated",
      "tools/weather.py",
      `@mcp.tool(description="${own}")\ndef get_weather(city: Annotated[str, Field(description="${city}")]) -> str:\n    return "x"\n`,
    ],
    [
      "in a Pydantic schema that the tool names",
      "tools/weather.py",
      `class WeatherInput(BaseModel):\n    city: str = Field(description="${city}")\n\nclass OtherInput(BaseModel):\n    city: str = Field(description="${city}")\n\n\n\nTOOLS = [Tool(name="get_weather", description="${own}", inputSchema=WeatherInput.model_json_schema())]\n`,
    ],
    [
      "in the AI SDK's tool()",
      "src/weather.ts",
      `export const tools = { getWeather: tool({ description: '${own}', inputSchema: z.object({ city: z.string().min(1).describe('${city}').optional() }) }) };\n`,
    ],
    [
      "in MCP's server.tool()",
      "src/weather.ts",
      `server.tool("get_weather", "${own}", { city: z.string().describe("${city}") }, async ({ city }) => ({}));\n`,
    ],
    [
      "in MCP's registerTool() with a schema of its own",
      "src/weather.ts",
      `const WeatherSchema = z.object({ city: z.string().describe("${city}") });\nserver.registerTool("get_weather", { description: "${own}", inputSchema: WeatherSchema.shape }, run);\n`,
    ],
    [
      "in a JavaScript object",
      "src/weather.js",
      `module.exports = { name: "get_weather", description: "${own}", parameters: { properties: { city: { description: "${city}" } } } };\n`,
    ],
    [
      "in Go, by options",
      "weather.go",
      `package main\n\nvar weather = mcp.NewTool("get_weather", mcp.WithDescription("${own}"), mcp.WithString("city", mcp.Description("${city}")))\n`,
    ],
  ])("%s", async (_what, path, text) => {
    const name = path.endsWith(".ts") && text.includes("getWeather") ? "getWeather" : "get_weather";
    const found = await find({ [path]: text }, [{ name, description: own, parameters: schema }]);
    expect(said(found)).toEqual(both(path).map((line) => line.replace("get_weather", name)));
  });

  test("in a Go field's tag, which is named and not edited", async () => {
    const text = `package main\n\ntype Input struct {\n\tCity string \`json:"city" jsonschema:"${city.replaceAll(",", "")}"\`\n}\n\nvar weather = mcp.Tool{Name: "get_weather", Description: "${own}"}\n\nfunc f(Input) {}\n`;
    const found = await find({ "weather.go": text }, [
      { name: "get_weather", description: own, parameters: { properties: { city: { description: city.replaceAll(",", "") } } } },
    ]);
    expect(found.map(({ part, readOnly }) => [part, readOnly])).toEqual([
      [undefined, undefined],
      ["city", expect.stringContaining("tag of a Go field")],
    ]);
  });

  test("over several joined strings, and where the trace has them folded", async () => {
    const text = `TOOLS = [{"name": "get_weather", "description": (\n    "Looks up the present weather of a place. "\n    "Use it before any advice on clothes."\n)}]\n`;
    const [source] = await find({ "tools.py": text });
    expect(source?.text).toContain("Looks up");
    expect(source?.text).toContain("clothes.");
  });

  test("where the server's name is put before the tool's", async () => {
    const found = await find({ "tools.yaml": `- name: get_weather\n  description: ${own}\n` }, [
      { name: "mcp__weather__get_weather", description: own, parameters: {} },
    ]);
    expect(found.map(({ path }) => path)).toEqual(["tools.yaml"]);
  });

  test("inside another parameter, by the dotted name", async () => {
    const parameters: Json = {
      type: "object",
      properties: { trips: { type: "array", items: { $ref: "#/$defs/Trip" } }, date: { description: "The day." } },
      $defs: { Trip: { properties: { date: { type: "string", description: "The day." } } } },
    };
    const text = `TOOLS = [{"name": "get_weather", "description": "${own}", "parameters": {"properties": {\n"trips": {"items": {"properties": {"date": {"description": "The day."}}}},\n"date": {"description": "The day."}}}}]\n`;
    const found = await find({ "tools.py": text }, [{ name: "get_weather", description: own, parameters }]);
    expect(found.map(({ lines, part }) => [part, lines.first])).toEqual([
      [undefined, 1],
      ["trips.date", 2],
      ["date", 3],
    ]);
  });
});

describe("of several equal descriptions", () => {
  const text = `TOOLS = [{"name": "get_weather", "description": "${own}"}]\n`;

  test("the one nearest to the prompt is taken", async () => {
    const found = await find({ "other/tools.py": text, "agent/tools/weather.py": text, "tests/agent/tools.py": text });
    expect(found.map(({ path }) => path)).toEqual(["agent/tools/weather.py"]);
  });

  test("none is taken where two are as near", async () => {
    expect(await find({ "one/tools.py": text, "two/tools.py": text })).toEqual([]);
  });

  test("a test's or an example's is left to what runs", async () => {
    const found = await find({ "examples/tools.py": text, "package/tools.py": text });
    expect(found.map(({ path }) => path)).toEqual(["package/tools.py"]);
  });
});

test("a description that another tool has is not claimed", async () => {
  expect(await find({ "tools.py": `TOOLS = [{"name": "get_tides", "description": "${own}"}]\n` })).toEqual([]);
});
