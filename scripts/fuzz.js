/** The fuzz of test/unit/fuzz.test.ts for longer: `npm run test:fuzz -- --minutes 10 --seed 7`. */

import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "1" }, seed: { type: "string" } },
});
const seed = values.seed ?? String(Math.floor(Math.random() * 1_000_000_000));
for (const [name, value] of Object.entries({ minutes: values.minutes, seed })) {
  if (Number(value) >= 0 && value.trim() !== "") continue;
  console.error(`--${name} takes a number`);
  process.exit(2);
}
console.log(`seed ${seed}, ${values.minutes} min for each parser`);
const { status } = spawnSync(
  process.execPath,
  ["node_modules/vitest/vitest.mjs", "run", "--project", "unit", "test/unit/fuzz.test.ts"],
  {
    stdio: "inherit",
    env: { ...process.env, PGCOPY_FUZZ_MINUTES: values.minutes, PGCOPY_FUZZ_SEED: seed },
  },
);
process.exit(status ?? 1);
