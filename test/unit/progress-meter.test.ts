/** The throughput that a run tells. */

import { expect, test } from "vitest";
import { ProgressMeter } from "../../src/engine/progress.js";
import { Run } from "../../src/engine/run.js";
import { newTask } from "../../src/plan/task.js";

test("what a failed try has moved is no speed backwards", async () => {
  const copy = newTask("copy:a", "copy", "COPY public.a", {});
  const plan = {
    ...{ tables: [], indexes: [], sequences: [], finish: [], tasks: [copy] },
    largeObjects: { count: 0, bytes: 0 },
    bytes: 0,
  };
  const meter = new ProgressMeter(plan, new Run(new AbortController().signal, undefined));
  const later = () => new Promise((resolve) => setTimeout(resolve, 20));
  const first = meter.start(copy);
  first.bytes = 5_000_000;
  await later();
  expect(meter.now().bytesPerSecond).toBeGreaterThan(0);
  first.bytes = 0;
  await later();
  expect(meter.now().bytesPerSecond).toBe(0);
  meter.stop(first);
  const second = meter.start(copy);
  second.bytes = 1_000;
  await later();
  expect(meter.now().bytesPerSecond).toBeGreaterThan(0);
});
