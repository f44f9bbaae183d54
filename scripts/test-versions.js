// Runs the clone tests on the versions that `npm ci` doesn't install, and from these to the newest: see test/versions.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const vitest = `${root}node_modules/vitest/vitest.mjs`;
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--project", "servers", "test/clone.test.ts"],
  { cwd: root, stdio: "inherit", env: { ...process.env, PGCOPY_TEST_MAJORS: "12,14,17,18" } },
);
process.exit(status ?? 1);
