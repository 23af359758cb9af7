import { judge } from "./case.ts";
const [file = "", name = "", ...ids] = process.argv.slice(2);
const cases = ((await import(file)) as Record<string, readonly import("./case.ts").Case[]>)[name] ?? [];
for (const one of cases) {
  if (ids.length > 0 && !ids.includes(one.id)) continue;
  const start = Date.now();
  const judged = await judge(one).catch((error: unknown) => {
    process.stdout.write(`CRASH ${one.id} ${String(error)}\n`);
    return { passed: false, withGuard: [], withoutGuard: [] };
  });
  process.stdout.write(
    `${judged.passed ? "PASS" : "FAIL"} ${one.id} ${Date.now() - start}ms\n   on:  ${judged.withGuard.join("\n        ")}\n   off: ${judged.withoutGuard.slice(0, 4).join("\n        ")}\n`,
  );
}
