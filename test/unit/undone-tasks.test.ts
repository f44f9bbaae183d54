import { expect, test } from "vitest";
import { partlyFilled } from "../../src/engine/undone-tasks.js";
import type { ClonePlan } from "../../src/plan/clone-plan.js";
import { newTask } from "../../src/plan/task.js";

const fill = (oid: number, part: number) =>
  newTask(`large_objects:${oid}:${part}/2`, "large_objects", "", {
    work: {
      do: "large_objects",
      step: "fill",
      objects: { by: "oid", oids: [oid], bytes: { from: 0, to: undefined } },
      access: "chunks",
    },
  });

test("a large object of which a part is there is filled again from the start; others stay as they are", () => {
  const tasks = [16401, 16402, 16403].flatMap((oid) => [fill(oid, 1), fill(oid, 2)]);
  const done = ["large_objects:16401:2/2", "large_objects:16402:1/2", "large_objects:16402:2/2"];
  const finished = new Map(
    done.map((id) => [id, { id, kind: "", label: "", rows: 0, bytes: 0, durationMs: 0 }]),
  );
  expect(partlyFilled({ tasks } as unknown as ClonePlan, { finished })).toEqual({
    ids: ["large_objects:16401:2/2"],
    undo: ["select pg_catalog.lo_truncate64(pg_catalog.lo_open('16401', 131072), 0)"],
    reasons: ["1 of 2 parts of large object 16401 are copied again, with the others"],
  });
});
