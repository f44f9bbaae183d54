/** What a plan says of the length of its run: only how one estimate compares with another. */

import { describe, expect, test } from "vitest";
import { type EstimateInput, estimateRun, expectedSeconds } from "../../src/plan/estimate.js";
import { roundTripsOf } from "../../src/plan/round-trips.js";
import { type CloneTask, newTask } from "../../src/plan/task.js";

const near = { source: 0, target: 0 };

function estimate(tasks: readonly CloneTask[], rest: Partial<EstimateInput> = {}) {
  const jobs = { tableJobs: 4, indexJobs: 4 };
  return estimateRun({
    ...{ tasks, jobs, cores: undefined, roundTripMs: near, secondsBefore: 0 },
    ...rest,
  });
}

/** `count` tables, each with an index that takes as long as its copy, and a foreign key to end with. */
function tables(count: number, seconds: number): CloneTask[] {
  const names = Array.from({ length: count }, (_, n) => `t${n}`);
  const built = names.flatMap((name) => [
    newTask(`copy:${name}`, "copy", `COPY ${name}`, { pool: "tables", cost: seconds }),
    newTask(`index:${name}`, "index", `CREATE INDEX ${name}`, {
      needs: [`copy:${name}`],
      cost: seconds,
    }),
  ]);
  const needs = names.map((name) => `index:${name}`);
  return [...built, newTask("key", "foreign_key", "ADD FOREIGN KEY", { needs, cost: 1 })];
}

describe("the seconds", () => {
  test("are the tasks' on one core, whatever the jobs, and what is before and after", () => {
    const tasks = tables(5, 10);
    const beside = estimate([]).seconds;
    for (const jobs of [1, 4])
      expect(
        estimate(tasks, { cores: 1, jobs: { tableJobs: jobs, indexJobs: jobs } }).seconds,
      ).toBeCloseTo(101 + beside);
    expect(estimate(tasks, { cores: 1, secondsBefore: 7 }).seconds).toBeCloseTo(108 + beside);
    const jobs = { tableJobs: 1, indexJobs: 1 };
    const expected = expectedSeconds({
      ...{ tasks, jobs, cores: 2, secondsBefore: 7 },
      roundTripMs: near,
    });
    expect(expected).toBe(estimate(tasks, { jobs, cores: 2, secondsBefore: 7 }).seconds);
  });

  test("are fewer with more cores and jobs, from two cores to one for all that runs", () => {
    const tasks = tables(8, 10);
    const [two, four, eight] = [2, 4, 8].map((cores) => estimate(tasks, { cores }));
    expect(two?.seconds).toBe(two?.slowestSeconds);
    expect(four?.seconds).toBeLessThan(two?.seconds ?? 0);
    expect(eight?.seconds).toBeLessThan(four?.seconds ?? 0);
    expect(eight?.seconds).toBeGreaterThanOrEqual(eight?.fastestSeconds ?? 0);
    // What bounds the tasks on these cores would not on more of them.
    const bound = estimate(tasks, { cores: 2, together: 2 });
    expect(bound.fastestSeconds).toBe(two?.fastestSeconds);
    const oneJob = estimate(tasks, { cores: 8, jobs: { tableJobs: 1, indexJobs: 1 } });
    expect(oneJob.seconds).toBeGreaterThan(eight?.seconds ?? 0);
  });

  test("grow with the network's delay by the round trips that wait for each other", () => {
    const chain = tables(1, 10);
    const far = { source: 100, target: 200 };
    const trips = chain.reduce(
      (sum, { work }) => {
        const { source, target } = roundTripsOf(work, 8);
        return sum + (source * far.source + target * far.target) / 1000;
      },
      estimate([], { roundTripMs: far }).seconds - estimate([]).seconds,
    );
    expect(trips).toBeGreaterThan(0);
    expect(estimate(chain, { roundTripMs: far }).seconds).toBeCloseTo(
      estimate(chain).seconds + trips,
    );
  });

  test("grow with the delay of more transactions where more jobs share the target's locks", () => {
    const statements = Array.from({ length: 400 }, (_, n) => `create table t${n} ()`);
    const scripts = statements.map((sql) => ({ title: sql, settings: {}, statements: [sql] }));
    const schema = newTask("pre-data", "pre_data", "create", { work: { do: "scripts", scripts } });
    const waits = (jobs: number) => {
      const rest = { jobs: { tableJobs: jobs, indexJobs: jobs } };
      const far = { ...rest, roundTripMs: { source: 0, target: 1000 } };
      const without = estimate([], far).seconds;
      return Math.round(estimate([schema], far).seconds - without);
    };
    // 200 statements a transaction, and 50.
    expect(waits(4)).toBe(2);
    expect(waits(16)).toBe(8);
  });
});

test("it says which cores it assumes: this machine's where they are known, else as many as jobs", () => {
  expect(estimate([]).assumed).toMatchObject({ cores: 4, coresAre: "as many as jobs" });
  expect(estimate([], { cores: 2 }).assumed).toMatchObject({
    cores: 2,
    coresAre: "of this machine",
  });
});

test("the critical path is the chain of tasks that the run waits for", () => {
  const { criticalPath, seconds, assumed } = estimate(tables(2, 10), { secondsBefore: 3 });
  expect(criticalPath.map(({ label }) => label)).toEqual([
    expect.stringMatching(/^COPY t/),
    expect.stringMatching(/^CREATE INDEX t/),
    "ADD FOREIGN KEY",
  ]);
  expect(criticalPath[0]?.beganSeconds).toBe(3);
  const sum = criticalPath.reduce((total, task) => total + task.seconds, 0);
  expect(sum + assumed.besideTasksSeconds).toBeCloseTo(seconds);
});

test.each([
  ["longest path", tables(2, 10), {}],
  ["cores", tables(20, 10), { cores: 2 }],
  ["table jobs", tables(20, 10), { cores: 50, jobs: { tableJobs: 1, indexJobs: 4 } }],
  ["index jobs", tables(20, 10), { cores: 50, jobs: { tableJobs: 4, indexJobs: 1 } }],
] as const)("it is bound by the %s", (boundBy, tasks, rest) => {
  expect(estimate(tasks, rest).boundBy).toBe(boundBy);
});
