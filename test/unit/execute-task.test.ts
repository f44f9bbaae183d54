/** What a task says of itself when it ends before it has begun. */

import { expect, test } from "vitest";
import { executeTask, type TaskContext } from "../../src/engine/execute-task.js";
import { ProgressMeter } from "../../src/engine/progress.js";
import { Run } from "../../src/engine/run.js";
import { newTask } from "../../src/plan/task.js";
import { ConnectionPool } from "../../src/postgres/connection-pool.js";

test("a task that is stopped before it has a session is named all the same", async () => {
  const run = new Run(new AbortController().signal, undefined);
  const plan = {
    tables: [],
    indexes: [],
    sequences: [],
    tasks: [],
    finish: [],
    largeObjects: { count: 0, bytes: 0 },
    bytes: 0,
  };
  const nobody = new ConnectionPool(1, () => expect.unreachable("a session was opened"));
  const context = {
    run,
    meter: new ProgressMeter(plan, run),
    sourcePool: nobody,
    targetPool: nobody,
    outcomes: [],
    earlier: {},
    retry: { retries: 3, timeoutMs: 1_000 },
  } as unknown as TaskContext;
  const task = newTask("index:a", "index", "CREATE INDEX public.a_idx", {});
  await expect(
    executeTask(task, { signal: AbortSignal.abort(), pool: task.pool }, context),
  ).rejects.toMatchObject({
    code: "interrupted",
    attempted: "CREATE INDEX public.a_idx",
    message: "CREATE INDEX public.a_idx was interrupted",
  });
});
