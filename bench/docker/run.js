// @ts-check
/** The benchmark between two containers: starts them, runs it with the arguments given, removes them. */

import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const compose = ["compose", "--file", pathOf("compose.yaml"), "--project-name", "pgcopy-bench"];
const { PG_SOURCE_PORT = "54321", PG_TARGET_PORT = "54322" } = process.env;

// A Ctrl-C reaches the benchmark too, which ends; the containers are removed after it.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

const shared = await mkdtemp(join(tmpdir(), "pgcopy-bench-docker-"));
// The servers in the containers run as another user, who has to pass through.
await chmod(shared, 0o711);
const environment = { PGCOPY_BENCH_DIRECTORY: shared };
try {
  process.exitCode =
    (await run("docker", [...compose, "up", "--detach", "--wait"], environment)) ||
    (await run(process.execPath, [pathOf("../bench.js"), ...process.argv.slice(2)], {
      ...environment,
      PGCOPY_SOURCE: uriAt(PG_SOURCE_PORT),
      PGCOPY_TARGET: uriAt(PG_TARGET_PORT),
    }));
} finally {
  await run("docker", [...compose, "down", "--volumes"], environment);
  await rm(shared, { recursive: true, force: true });
}

/** @param {string} port */
function uriAt(port) {
  return `postgres://postgres:bench@127.0.0.1:${port}/postgres`;
}

/** @param {string} name */
function pathOf(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {Record<string, string>} more environment, in addition to this process's own
 * @returns {Promise<number>} its exit status; 1 if it can't be run or was ended by a signal
 */
function run(program, args, more) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: "inherit",
      env: { ...process.env, ...more },
    });
    child.once("error", (error) => {
      console.error(`can't run ${program}: ${error.message}`);
      resolve(1);
    });
    child.once("exit", (status) => resolve(status ?? 1));
  });
}
