/** Recording a task: what the journal is told, and in which transaction. */

import { expect, test } from "vitest";
import { named, recordInSchema, recordOf } from "../../src/load/recorder.js";
import type { Connection, NamedStatement } from "../../src/postgres/connection.js";

/** Keeps what it is asked to run. */
function listening() {
  const scripts: (readonly NamedStatement[])[] = [];
  const executeAll = async (statements: readonly NamedStatement[]) => void scripts.push(statements);
  return { scripts, target: { executeAll } as unknown as Connection };
}

const task = { id: "copy:o'clock", kind: "copy", label: "COPY o'clock" } as const;

test("the record goes with the work's last statements, in one script that ends with COMMIT", async () => {
  const { scripts, target } = listening();
  const record = recordOf(recordInSchema, task, () => 12.4);
  await record.commit(target, named("work", "begin", "select 1"), { rows: 3, bytes: 40 });
  const [script = []] = scripts;
  expect(script.map(({ sql }) => sql)).toEqual([
    "begin",
    "select 1",
    expect.stringMatching(
      /^insert into pgcopy_journal\.task .*'copy:o''clock'.* 3, 40, 12, null\)$/,
    ),
    "commit",
  ]);
  expect(script.at(-1)?.attempted).toBe("work");
});

test("what the report wants to know is kept as JSON", async () => {
  const { scripts, target } = listening();
  await recordOf(recordInSchema, task, () => 0).commit(target, [], { detail: { each: ["it's"] } });
  expect(scripts[0]?.[0]?.sql).toContain(`'{"each":["it''s"]}'`);
});

test("a step is not the task", async () => {
  const { scripts, target } = listening();
  const record = recordOf(recordInSchema, task, () => 0, { stepsDone: 2 });
  expect(record.stepsDone).toBe(2);
  await record.commitSteps(target, named("work", "begin"), 5);
  const sql = scripts[0]?.map((one) => one.sql).join("; ");
  expect(sql).toMatch(/^begin; insert into pgcopy_journal\.progress .*5\) on conflict .*; commit$/);
  expect(sql).not.toContain("pgcopy_journal.task");
});
