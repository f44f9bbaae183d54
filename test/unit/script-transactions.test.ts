/** How much of a schema shares a transaction, by how many sessions create tables at the same time. */

import { expect, test } from "vitest";
import { statementsPerTransaction } from "../../src/plan/script-batches.js";

test.each([
  [1, 200],
  [8, 200],
  [16, 100],
  [32, 50],
  [1_000, 10],
])("%i sessions put %i statements into one", (sessions, statements) => {
  expect(statementsPerTransaction(sessions)).toBe(statements);
});

test("all of them together fit into the lock slots of a server with default settings", () => {
  const slots = 64 * 100;
  // A new table with a TOAST table takes five slots, and is two statements.
  for (let sessions = 1; sessions <= 97; sessions++) {
    const tables = (sessions * statementsPerTransaction(sessions)) / 2;
    expect(tables * 5, `${sessions} sessions`).toBeLessThan(slots);
  }
});
