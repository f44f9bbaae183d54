/** A run that goes on after a failure: when it does, and what its error says. */

import { describe, expect, test } from "vitest";
import { DatabaseFailures } from "../../src/engine/database-failures.js";
import { goesOnAfter, withAllFailures } from "../../src/engine/keep-going.js";
import { reworded } from "../../src/engine/reworded-error.js";
import { Run } from "../../src/engine/run.js";
import { PgCopyError, type PgCopyErrorCode } from "../../src/errors.js";
import type { RunEvent } from "../../src/events.js";
import { newTask } from "../../src/plan/task.js";
import { interruptedError } from "../../src/run/abort.js";
import { GraphFailures } from "../../src/run/graph-failures.js";

function failure(sqlstate: string, rest: { code?: PgCopyErrorCode; detail?: string } = {}) {
  const { code = "task_failed", detail } = rest;
  const server = { severity: "ERROR", sqlstate, message: "no", ...(detail ? { detail } : {}) };
  return new PgCopyError(`it failed on target: no (SQLSTATE ${sqlstate})`, { code, server });
}

describe("a run goes on", () => {
  test.each(["23505", "23514", "22012", "42501", "57P01", "53200"])("after %s", (sqlstate) => {
    expect(goesOnAfter(failure(sqlstate))).toBe(true);
  });

  test.each([
    ["a full disk", failure("53100")],
    ["a crash", failure("57P02")],
    ["a server that starts", failure("57P03")],
    ["a server out of reach", new PgCopyError("no", { code: "connection_failed" })],
    ["a mistake of ours", new TypeError("x is undefined")],
    ["an abort", interruptedError()],
  ])("not after %s", (_, error) => {
    expect(goesOnAfter(error)).toBe(false);
  });
});

const copy = newTask("copy", "copy", "COPY t", {});
const other = newTask("other", "copy", "COPY u", {});
const indexes = Array.from({ length: 13 }, (_, n) =>
  newTask(`index ${n}`, "index", `INDEX ${n}`, { needs: ["copy"] }),
);
const tasks = [copy, other, ...indexes];

async function told(
  failures: ConstructorParameters<typeof GraphFailures<(typeof tasks)[number]>>[1],
  stopped?: { error: unknown },
  more?: Parameters<typeof withAllFailures>[2],
): Promise<{ error: PgCopyError; events: RunEvent[] }> {
  const events: RunEvent[] = [];
  const run = new Run(new AbortController().signal, (event) => events.push(event));
  const rest = { done: new Set<string>(), stopped };
  const error = await withAllFailures(
    run,
    async () => {
      throw new GraphFailures(tasks, failures, rest);
    },
    more,
  ).catch((thrown: PgCopyError) => thrown);
  return { error: error as PgCopyError, events };
}

describe("its error", () => {
  test("has every failure in a line, with the row, and then what was left out", async () => {
    const failures = [
      { task: copy, error: failure("23514", { detail: "Failing row contains (1)." }) },
      { task: other, error: failure("42501") },
    ];
    const { error, events } = await told(failures, undefined, {
      found: () => ["t: 3 rows on the source, 2 on the target"],
      advice: "event triggers come last",
    });
    expect(error.message).toBe(
      "2 tasks failed; what needs one of them was left out; all else is done",
    );
    expect(error.items).toEqual([
      "it failed on target: no (SQLSTATE 23514): Failing row contains (1).",
      "it failed on target: no (SQLSTATE 42501)",
      expect.stringMatching(
        /^left out, as COPY t failed: INDEX 0, INDEX 1, .*, INDEX 9 and 3 more$/,
      ),
      "t: 3 rows on the source, 2 on the target",
    ]);
    expect(error).toMatchObject({ code: "task_failed", advice: "event triggers come last" });
    expect(error.failures).toEqual(failures.map(({ error }) => error));
    expect(error.toJSON().failures).toMatchObject([{ server: { sqlstate: "23514" } }, {}]);
    const skipped = events.filter((event) => event.type === "task_skipped");
    expect(skipped.map(({ task }) => task.id)).toEqual(indexes.map(({ id }) => id));
    expect(skipped[0]?.because).toEqual([{ id: "copy", kind: "copy", label: "COPY t" }]);
  });

  test("has what to do about each below it, and what several ask for once", async () => {
    const advised = (sqlstate: string, advice: string) =>
      reworded(failure(sqlstate), { message: sqlstate, advice });
    const failures = [
      { task: copy, error: advised("42501", "grant it") },
      { task: other, error: advised("23505", "see amcheck") },
      { task: other, error: advised("42502", "grant it") },
    ];
    const { error } = await told(failures, undefined, { advice: "event triggers come last" });
    expect(error.items.slice(0, 5)).toEqual([
      "42501",
      "42502",
      "  what to do: grant it",
      "23505",
      "  what to do: see amcheck",
    ]);
    expect(error.advice).toBe("event triggers come last");
  });

  test("of one failure that nothing needed is short", async () => {
    const { error } = await told([{ task: other, error: failure("42501") }]);
    expect(error.message).toBe("1 task failed; all else is done");
    expect(error.advice).toBeUndefined();
  });

  test("is what stopped all, with what had failed before", async () => {
    const disk = failure("53100");
    const before = { task: other, error: failure("42501") };
    const { error } = await told([before], { error: disk });
    expect(error.message).toBe(disk.message);
    expect(error.items).toEqual([disk.message, before.error.message]);
    const stopped = (await told([before], { error: interruptedError("COPY t") })).error;
    expect(stopped).toMatchObject({ code: "interrupted", items: [before.error.message] });
    expect(stopped.failures.map(({ code }) => code)).toEqual(["task_failed", "interrupted"]);
  });

  test("of a run that did not go on is left as it is", async () => {
    const run = new Run(new AbortController().signal, undefined);
    const error = new Error("own");
    await expect(withAllFailures(run, () => Promise.reject(error))).rejects.toBe(error);
  });
});

describe("the failures of several databases", () => {
  test("are one error, each named with its database", async () => {
    const { error: first } = await told([{ task: other, error: failure("42501") }]);
    const second = new PgCopyError("database b: it can't be connected to", {
      code: "connection_failed",
      items: ["tried ::1"],
    });
    const failures = new DatabaseFailures(5);
    expect(failures.error).toBeUndefined();
    expect(failures.keep("a", first)).toBe(true);
    expect(failures.error).toBe(first);
    expect(failures.keep("b", second)).toBe(true);
    expect(failures.keep("c", interruptedError())).toBe(false);
    expect(failures.error).toMatchObject({
      code: "task_failed",
      message: "2 of 5 databases failed; all others are done",
      items: [
        "database a: it failed on target: no (SQLSTATE 42501)",
        "database b: it can't be connected to",
        "tried ::1",
      ],
      failures: [...first.failures, second],
    });
    expect(failures.before(interruptedError())).toMatchObject({
      code: "interrupted",
      items: expect.arrayContaining(["database b: it can't be connected to"]),
    });
  });
});
