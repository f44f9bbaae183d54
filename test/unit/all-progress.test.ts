/** A run over many databases: how far it is, and what its failure says of each. */

import { expect, test } from "vitest";
import { AllProgress } from "../../src/engine/all-progress.js";
import { DatabaseStates } from "../../src/engine/database-states.js";
import { Run } from "../../src/engine/run.js";
import { PgCopyError, type PgCopyErrorCode } from "../../src/errors.js";

const run = () => new Run(new AbortController().signal, undefined);

const expected = (database: string, seconds: number) => ({
  database,
  seconds,
  tables: 4,
  indexes: 6,
  tasks: 20,
  bytes: 1000,
});

test("each database counts by its estimated length; what has not begun counts as planned", () => {
  const all = new AllProgress([expected("long", 30), expected("short", 10)], run());
  expect(all.now()).toMatchObject({
    fraction: 0,
    tablesTotal: 8,
    bytesTotal: 2000,
    databasesTotal: 2,
  });
  const task = {
    id: "copy:t",
    kind: "copy",
    label: "COPY t",
    durationMs: 1,
    rows: 1,
    bytes: 1,
  } as const;
  all.hear("long", {
    ...all.now(),
    ...{ rows: 5, bytes: 500, bytesTotal: 1500, bytesPerSecond: 7, tablesDone: 1, tablesTotal: 4 },
    ...{ indexesDone: 2, indexesTotal: 6, tasksDone: 3, tasksTotal: 20, fraction: 0.5 },
    running: [task],
  });
  expect(all.now()).toMatchObject({
    ...{ fraction: 0.375, rows: 5, bytes: 500, bytesTotal: 2500, bytesPerSecond: 7 },
    ...{ tablesDone: 1, tablesTotal: 8, indexesDone: 2, databasesDone: 0 },
    running: [{ ...task, database: "long" }],
  });
  all.finish("long", { rows: 9, bytes: 1200 });
  all.hear("long", { ...all.now(), rows: 1 });
  expect(all.now()).toMatchObject({
    ...{ fraction: 0.75, rows: 9, bytes: 1200, bytesTotal: 2200, bytesPerSecond: 0 },
    ...{ tablesDone: 4, indexesDone: 6, tasksDone: 20, databasesDone: 1, running: [] },
  });
});

const failed = (states: DatabaseStates, code: PgCopyErrorCode) =>
  states
    .telling(async () => {
      throw new PgCopyError("no", { code, advice: "nothing was changed" });
    })
    .catch((error: PgCopyError) => error);

test("a failure says what became of each database, and is one of the work if others were changed", async () => {
  const states = new DatabaseStates(["a", "b", "c d"]);
  states.begin("a");
  expect(await failed(states, "target_unfit")).toMatchObject({
    code: "target_unfit",
    advice:
      'nothing was changed; databases finished: none; begun: a; not begun: b, "c d". Go on with --resume, which leaves alone what is finished, or start all over with --restart',
  });
  states.finish("a");
  states.begin("b");
  expect(await failed(states, "target_unfit")).toMatchObject({ code: "task_failed" });
  expect(await failed(states, "interrupted")).toMatchObject({
    code: "interrupted",
    advice:
      'databases finished: a; begun: b; not begun: "c d". Go on with --resume, which leaves alone what is finished, or start all over with --restart',
  });
});
