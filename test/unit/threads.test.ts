/** How many threads copy, where nobody says so. */

import { expect, test } from "vitest";
import { threadsOf } from "../../src/engine/copy-threads.js";
import { chooseThreads } from "../../src/run/threads.js";

test.each([
  // Up to six jobs the main thread is enough.
  [1, 64, 1],
  [4, 64, 1],
  [6, 64, 1],
  // Then one for every six.
  [7, 64, 2],
  [12, 64, 2],
  [13, 64, 3],
  [48, 64, 8],
  // On few cores they would be in each other's way.
  [8, 1, 1],
  [64, 3, 1],
  // Never more than cores.
  [8, 4, 2],
  [64, 4, 4],
])("auto, with %i table jobs on %i cores, is %i", (tableJobs, cores, threads) => {
  expect(chooseThreads("auto", tableJobs, cores)).toBe(threads);
});

test("without the threads' file, as where pgcopy was bundled into one, auto is the main thread", () => {
  // Beside the TypeScript that this test runs there is none.
  expect(threadsOf({ threads: "auto" }, 48, 64)).toBe(1);
  expect(threadsOf({ threads: 2 }, 48, 64)).toBe(2);
});

test("a number is taken as it is, but for threads that would have nothing to do", () => {
  expect(chooseThreads(3, 8, 1)).toBe(3);
  expect(chooseThreads(9, 8, 1)).toBe(8);
  expect(chooseThreads(1, 64, 64)).toBe(1);
});
