/** What memory and how many workers an index is built with. */

import { describe, expect, test } from "vitest";
import {
  asParameters,
  type BuildLimits,
  type BuildLoad,
  buildSettings,
} from "../../src/plan/index-build.js";

const MB = 1024 ** 2;
const GB = 1024 ** 3;
/** PostgreSQL's defaults. */
const defaults: BuildLimits = {
  memoryBytes: 64 * MB,
  memoryIsDefault: true,
  workers: 2,
  workersAreDefault: true,
  cacheBytes: 4 * GB,
};
const full: BuildLoad = { jobs: 4, seconds: 1, remainingSeconds: 20 };
const alone: BuildLoad = { jobs: 4, seconds: 1, remainingSeconds: 1 };
/** With four jobs: this build's seconds, and all that are left. */
const left = (seconds: number, remainingSeconds: number): BuildLoad => ({
  jobs: 4,
  seconds,
  remainingSeconds,
});

const chosen = (bytes: number, load: BuildLoad, limits: Partial<BuildLimits> = {}) => {
  const settings = buildSettings({ method: "btree", bytes }, { ...defaults, ...limits }, load);
  const { memoryBytes, workers } = settings;
  return [memoryBytes === undefined ? undefined : Math.round(memoryBytes / MB), workers];
};

describe("a btree", () => {
  test.each([
    ["16 MB while all jobs are busy", 100 * MB, full, {}, [16, 0]],
    ["more for one merge pass over what is sorted", 10 * GB, full, {}, [81, 0]],
    ["a share of the target's memory for files", 400 * GB, full, {}, [256, 0]],
    ["more where there is more", 400 * GB, full, { cacheBytes: 64 * GB }, [1024, 0]],
    ["never less than the default for that", 400 * GB, full, { cacheBytes: 64 * MB }, [64, 0]],
    ["all jobs, if it is the last one, and what they need", 100 * MB, alone, {}, [128, 3]],
    ["half of the jobs, if it is half of what is left", 100 * MB, left(1, 2), {}, [64, 1]],
    ["the worker that lets it end with the others", 100 * MB, left(5, 9), {}, [64, 1]],
    ["the worker from one and a half jobs on", 100 * MB, left(15, 40), {}, [64, 1]],
    ["none for a share below", 100 * MB, left(149, 400), {}, [16, 0]],
    ["a second one from two and a half", 100 * MB, left(25, 40), {}, [96, 2]],
    ["no worker, if others take as long", 100 * MB, left(1, 3), {}, [16, 0]],
    ["no worker, if nothing is known of its length", 100 * MB, left(0, 0), {}, [16, 0]],
  ] as const)("gets %s", (_, bytes, load, limits, expected) => {
    expect(chosen(bytes, load, limits)).toEqual(expected);
  });

  test("keeps what somebody set", () => {
    const memory = { memoryBytes: GB, memoryIsDefault: false };
    expect(chosen(100 * MB, alone, memory)).toEqual([undefined, 3]);
    const workers = { workers: 0, workersAreDefault: false };
    expect(chosen(100 * MB, full, workers)).toEqual([16, undefined]);
    expect(chosen(100 * MB, full, { ...memory, ...workers })).toEqual([undefined, undefined]);
  });
});

test("another method keeps its memory, as it doesn't sort", () => {
  expect(buildSettings({ method: "gin", bytes: GB }, defaults, full)).toEqual({ workers: 0 });
});

test("they are parameters of the session", () => {
  expect(asParameters({ memoryBytes: 16 * MB, workers: 0 })).toEqual({
    maintenance_work_mem: "16384kB",
    max_parallel_maintenance_workers: "0",
  });
  expect(asParameters({})).toEqual({});
});
