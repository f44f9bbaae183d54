/** How many bytes a clone has to copy, as progress tells it while it goes on. */

import { expect, test } from "vitest";
import { CopyEstimate } from "../../src/engine/copy-estimate.js";
import { planEntries } from "./planned-schema.js";

const MB = 1024 * 1024;

/** Two tables of which the catalog says 100 MB and, if it was analyzed, 1000 rows. */
async function twoTables(estimatedRows: number) {
  const size = { bytes: 100 * MB, estimatedRows };
  const planned = await planEntries(
    ["create table public.a (id integer)", "create table public.b (id integer)"],
    { details: { a: size, b: size } },
  );
  return {
    estimate: new CopyEstimate(planned.plan.tasks),
    a: planned.task("copy:public.a"),
    b: planned.task("copy:public.b"),
  };
}

test("at first the sizes in the catalog are all there is", async () => {
  const { estimate, a } = await twoTables(-1);
  expect(estimate.total([])).toBe(200 * MB);
  estimate.start(a);
  const copy = { task: a, bytes: 50 * MB, rows: 0 };
  expect(estimate.total([copy])).toBe(200 * MB);
  expect(estimate.fraction(copy)).toBe(0.5);
});

test("the total is never less than what is copied, and in the end it is just that", async () => {
  const { estimate, a, b } = await twoTables(-1);
  estimate.start(a);
  expect(estimate.total([{ task: a, bytes: 300 * MB, rows: 0 }])).toBe(400 * MB);
  expect(estimate.fraction({ task: a, bytes: 300 * MB, rows: 0 })).toBe(0.99);
  estimate.finish(a, 300 * MB);
  // The next one will not be as the catalog says, either.
  expect(estimate.total([])).toBeGreaterThan(550 * MB);
  estimate.start(b);
  estimate.finish(b, 20 * MB);
  expect(estimate.total([])).toBe(320 * MB);
  expect(estimate.bytesDone).toBe(320 * MB);
});

test("a running copy is judged by its rows where both ends tell them", async () => {
  const { estimate, a } = await twoTables(1000);
  estimate.start(a);
  // Compressed in the table, and therefore more on the wire.
  const copy = { task: a, bytes: 150 * MB, rows: 500 };
  expect(estimate.fraction(copy)).toBe(0.5);
  expect(estimate.total([copy])).toBe(400 * MB);
  expect(estimate.fraction({ ...copy, rows: 1200 })).toBe(0.99);
});

test("rows that are stored a little after their bytes came don't move the total", async () => {
  const { estimate, a } = await twoTables(1000);
  estimate.start(a);
  expect(estimate.total([{ task: a, bytes: 8 * MB, rows: 20 }])).toBe(200 * MB);
  expect(estimate.total([{ task: a, bytes: 35 * MB, rows: 300 }])).toBe(200 * MB);
});

test("what copies nothing has no fraction", async () => {
  const { estimate, a } = await twoTables(1000);
  expect(estimate.fraction({ task: { ...a, bytes: 0 }, bytes: 0, rows: 0 })).toBeUndefined();
});
