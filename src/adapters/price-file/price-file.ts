import { parseDocument } from "yaml";
import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";
import type { ModelPrice } from "../../domain/replaying/price.ts";

const amount = z.number().min(0).max(10_000);
const price = z.strictObject({
  source: z.string(),
  input: amount,
  output: amount,
  cacheRead: amount.exactOptional(),
  cacheWrite: amount.exactOptional(),
  batch: z.number().min(0).max(1).exactOptional(),
});
const file = z.strictObject({
  sources: z.record(z.string(), z.strictObject({ page: z.url(), read: z.iso.date() })),
  models: z.record(z.string(), price),
});

/** Where a price comes from. */
export interface PriceSource {
  readonly page: string;
  /** ISO date. */
  readonly read: string;
}

export interface PriceTable {
  readonly models: ReadonlyMap<string, ModelPrice>;
  readonly sources: ReadonlyMap<string, PriceSource>;
}

/** A price file as prices/models.yaml is one; every price names a dated source. Throws `config-invalid` that names the problems. */
export function parsePriceFile(path: string, text: string): PriceTable {
  const document = parseDocument(text);
  const parsed = file.safeParse(document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 0 }));
  const problems = [
    ...document.errors.map((error) => error.message.split("\n")[0] ?? "not YAML"),
    ...(parsed.error?.issues ?? []).map((issue) => `${issue.path.map(String).join(".") || "(top)"}: ${issue.message}`),
    ...Object.entries(parsed.data?.models ?? {}).flatMap(([model, one]) =>
      Object.hasOwn(parsed.data?.sources ?? {}, one.source) ? [] : [`models.${model}: its source "${one.source}" is not listed`],
    ),
  ];
  if (!parsed.success || problems.length > 0) {
    throw new TuneupError("config-invalid", `The price file ${path} has problems:\n  - ${problems.join("\n  - ")}`, {
      remedy: "Correct them; docs/models.md shows the form.",
      fields: { path, problems },
    });
  }
  const { models, sources } = parsed.data;
  return {
    models: new Map(Object.entries(models).map(([name, { source: _source, ...known }]) => [name, known])),
    sources: new Map(Object.entries(sources)),
  };
}
