/** The table of what pgcopy itself costs. */

import { expect, test } from "vitest";
import { clientTable } from "../../bench/client-table.js";

const title = "pgcopy";

const sizes = [
  { times: 1, scale: 0.5, bytes: 1e9, copiedBytes: 0.5e9 },
  { times: 4, scale: 2, bytes: 4e9, copiedBytes: 2e9 },
];

const measured = (seconds: number, cpuSeconds?: number, megabytes?: number) => ({
  wallMs: seconds * 1000,
  cpuSeconds,
  peakMemoryBytes: megabytes === undefined ? undefined : megabytes * 1e6,
});

/** The cells of each line, without the heading. */
function lines(cells: Parameters<typeof clientTable>[1]): string[][] {
  const table = clientTable(sizes, cells).split("\n").slice(-cells.length);
  return table.map((line) => line.slice(2, -2).split(" | "));
}

test("gives medians, for each GB and for each further one, and memory against the smaller size", () => {
  const found = lines([
    {
      ...{ title, jobs: 4, times: 1, failure: undefined },
      measurements: [measured(9, 1, 150), measured(5, 0.9, 140), measured(6, 1.1, 160)],
    },
    { title, jobs: 4, times: 4, measurements: [measured(20, 2.5, 165)], failure: undefined },
    { title, jobs: 8, times: 1, measurements: [measured(5, 2, 200)], failure: undefined },
    { title, jobs: 8, times: 4, measurements: [measured(19, 5, 200)], failure: undefined },
    { title: "null", jobs: 8, times: 1, measurements: [measured(4, 1, 100)], failure: undefined },
    { title: "null", jobs: 8, times: 4, measurements: [measured(8, 2.5, 100)], failure: undefined },
  ]);
  expect(found).toEqual([
    [title, "4", "1 ×", "6.00", "1.00", "1.00", "2.00", "", "150", ""],
    [title, "4", "4 ×", "20.00", "2.50", "0.63", "1.25", "1.00", "165", "1.10 ×"],
    [title, "8", "1 ×", "5.00", "2.00", "2.00", "4.00", "", "200", ""],
    [title, "8", "4 ×", "19.00", "5.00", "1.25", "2.50", "2.00", "200", "1.00 ×"],
    ["null", "8", "1 ×", "4.00", "1.00", "1.00", "2.00", "", "100", ""],
    ["null", "8", "4 ×", "8.00", "2.50", "0.63", "1.25", "1.00", "100", "1.00 ×"],
  ]);
});

test("says what was not measured, and who is out", () => {
  const found = lines([
    { title, jobs: 4, times: 1, measurements: [], failure: "status 1: a | b\nc" },
    { title, jobs: 4, times: 4, measurements: [measured(20)], failure: undefined },
  ]);
  expect(found[0]?.slice(0, 4)).toEqual([title, "4", "1 ×", "out: status 1: a \\| b c"]);
  expect(found[1]).toEqual([
    ...[title, "4", "4 ×", "20.00", "not measured", "not measured", "not measured", ""],
    ...["not measured", ""],
  ]);
});
