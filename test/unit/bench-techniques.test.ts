/** The table of what each technique brings. */

import { expect, test } from "vitest";
import { techniquesTable } from "../../bench/techniques-table.js";

const measured = (seconds: number, cpuSeconds?: number, servers?: [number, number]) => ({
  wallMs: seconds * 1000,
  cpuSeconds,
  serverCpuSeconds: servers && { source: servers[0], target: servers[1] },
});

const plain = {
  without: undefined,
  failure: undefined,
  measurements: [measured(9, 1, [1, 4]), measured(10, 1.2, [1, 5]), measured(12, 1.1, [2, 4])],
};

const cellsOf = (line: string | undefined) => line?.slice(2, -2).split(" | ");

test("compares each with pgcopy as it is, by medians", () => {
  const slower = {
    without: "freeze",
    failure: undefined,
    measurements: [measured(13, 1.5, [1, 6]), measured(12, 1.3, [1, 9]), measured(14, 1.4, [1, 8])],
  };
  const lines = techniquesTable([plain, slower]).split("\n").slice(2);
  expect(lines.map(cellsOf)).toEqual([
    [
      ...["freeze", "10.00 (9.00 to 12.00)", "13.00 (12.00 to 14.00)", "1.30 ×"],
      ...["1.10, without it 1.40", "6.00, without it 9.00"],
    ],
  ]);
});

test("says what was not measured, and who is out", () => {
  const bare = { without: "jobs", failure: undefined, measurements: [measured(20)] };
  const failed = { without: "binary", failure: "status 1: a | b\nc", measurements: [] };
  const lines = techniquesTable([plain, bare, failed]).split("\n").slice(2).map(cellsOf);
  expect(lines[0]?.slice(-2)).toEqual(["not measured", "not measured"]);
  expect(lines[1]?.slice(0, 3)).toEqual(["binary", "", "out: status 1: a \\| b c"]);
  const out = { ...plain, failure: "status 1" };
  expect(techniquesTable([out, bare])).toBe("pgcopy itself is out: status 1");
});
