import { expect, test } from "vitest";
import { sequencesAgain } from "../../src/engine/undone-tasks.js";
import { newTask } from "../../src/plan/task.js";
import { withoutTasks } from "../../src/plan/without-tasks.js";
import { planEntries } from "./planned-schema.js";

test("nobody waits for a task that is left out of a plan", () => {
  const copy = newTask("copy", "copy", "COPY t", {});
  const verify = newTask("verify", "verify", "verify t", { needs: ["copy"] });
  const index = newTask("index", "index", "INDEX", { needs: ["copy", "verify"] });
  const release = newTask("release", "release_snapshot", "let go", { after: ["copy", "verify"] });
  const tasks = [copy, verify, index, release];
  expect(withoutTasks(tasks, [])).toEqual(tasks);
  expect(withoutTasks(tasks, [verify])).toEqual([
    copy,
    { ...index, needs: ["copy"] },
    { ...release, after: ["copy"] },
  ]);
});

test("sequences that were set are set again", async () => {
  const { plan } = await planEntries(["create sequence public.numbers"]);
  const finished = new Map([["sequences", {} as never]]);
  expect(sequencesAgain(plan, { finished }).ids).toEqual(["sequences"]);
  expect(sequencesAgain(plan, { finished: new Map() }).ids).toEqual([]);
});
