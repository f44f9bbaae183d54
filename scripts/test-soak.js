/** Runs test/soak.test.ts for long: `npm run test:soak -- --minutes 10 --seed 7`. */

import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string" },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`--minutes must be a number above 0, not ${values.minutes}`);
  process.exit(2);
}
const env = { ...process.env, PGCOPY_SOAK_SECONDS: String(Math.round(minutes * 60)) };
if (values.seed !== undefined) env.PGCOPY_SOAK_SEED = values.seed;
const args = ["vitest", "run", "--project", "servers", "test/soak.test.ts"];
process.exit(spawnSync("npx", args, { env, stdio: "inherit" }).status ?? 1);
