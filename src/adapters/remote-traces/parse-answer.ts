import type { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";

/** A store's answer in the shape its documentation gives it. Throws `trace-store-corrupt` that names the places, never what stood there. */
export function parseAnswer<T>(schema: z.ZodType<T>, content: unknown, store: string, what: string): T {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const places = [
    ...new Set(parsed.error.issues.map((issue) => issue.path.map((key) => (typeof key === "number" ? "N" : String(key))).join("."))),
  ];
  throw new TuneupError(
    "trace-store-corrupt",
    `${store} answered its ${what} in a shape that is not known: ${places.slice(0, 5).join(", ") || "the whole"}.`,
    {
      remedy: "docs/trace-stores.md names the versions that are read.",
      fields: { store, places: places.slice(0, 20) },
    },
  );
}
