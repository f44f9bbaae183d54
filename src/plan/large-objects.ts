/**
 * Large objects as tasks. The small ones go in batches of neighbours: a task makes them, fills them,
 * and gives them their owners, privileges, comments and labels. A large one is made first, then
 * filled by several tasks side by side, and gets its privileges and the rest when all of it is there:
 * an owner may have taken from himself the right to write it.
 *
 * None of them needs anything of the schema, so they start with the first table. Their number is
 * bounded: the more there is to copy, the larger a batch and a part.
 */

import {
  LARGE_OBJECT_BYTES,
  type LargeObjectAccess,
  type LargeObjectRange,
  type LargeObjectSize,
  type LargeObjects,
} from "../catalog/large-objects.js";
import { BOTH_ENDS_WIDTH, copyCost, largeObjectsCost, verifyCost } from "./cost.js";
import { LARGE_OBJECT_PART_UNIT, type LargeObjectSelection } from "./large-object-rows.js";
import { type CloneTask, newTask } from "./task.js";

/** What a task does with its objects; `describe` is privileges, comments and security labels. */
export type LargeObjectStep = "all" | "create" | "fill" | "describe";

export interface LargeObjectPlan {
  /** Of all that are to be copied. */
  readonly count: number;
  /** Up to a page too many for each, and what is a hole counts. */
  readonly bytes: number;
}

export interface PlannedLargeObjects extends LargeObjectPlan {
  readonly copies: readonly CloneTask[];
  readonly verifies: readonly CloneTask[];
}

export interface LargeObjectOptions {
  readonly tableJobs: number;
  readonly verify: "count" | "checksum" | undefined;
}

/** A batch's OIDs wait in memory, and all its objects are made by one session. */
const OBJECTS_PER_BATCH = 10_000;
const BATCHES_PER_JOB = 4;
/** So many batches and so many parts at most, roughly. */
const MOST_TASKS = 512;

const PREPARE = "large_objects:prepare";
const CREATE = "large_objects:create";

/** Plans the copies of all, and what compares them. */
export function planLargeObjects(
  objects: LargeObjects,
  options: LargeObjectOptions,
): PlannedLargeObjects {
  const bytes = objects.ranges.reduce((sum, range) => sum + range.bytes + sizeOf(range.large), 0);
  const perTask = roundUp(Math.max(LARGE_OBJECT_BYTES, bytes / MOST_TASKS));
  const batches = batchesOf(objects, perTask, options.tableJobs);
  const large = objects.ranges.flatMap((range) => range.large).filter((l) => l.bytes > perTask);
  const whole = batches.map((batch) => batchTask(batch, objects.access));
  const described = large.map((one) => describeTask(one, perTask, objects.access));
  const copies = [
    ...whole,
    ...(large.length === 0 ? [] : [createTask(large, objects.access)]),
    ...large.flatMap((one) => partTasks(one, perTask, objects.access)),
    ...described,
  ];
  const { verify } = options;
  return {
    count: batches.reduce((sum, batch) => sum + batch.count, large.length),
    bytes,
    copies: copies.length === 0 ? [] : [prepareTask(), ...copies],
    verifies:
      verify === undefined
        ? []
        : [
            ...whole.flatMap((task) => verifyTask(task, task.bytes, verify)),
            ...described.flatMap((task, i) => verifyTask(task, large[i]?.bytes ?? 0, verify)),
          ],
  };
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / LARGE_OBJECT_PART_UNIT) * LARGE_OBJECT_PART_UNIT;
}

interface Batch {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly bytes: number;
  readonly except: readonly number[];
}

/** Neighbouring ranges together, as long as there are tasks enough for all jobs. */
function batchesOf({ count, ranges }: LargeObjects, perTask: number, tableJobs: number): Batch[] {
  const wanted = Math.ceil(count / (tableJobs * BATCHES_PER_JOB));
  const most = Math.max(Math.min(wanted, OBJECTS_PER_BATCH), Math.ceil(count / MOST_TASKS));
  const batches: Batch[] = [];
  for (const range of ranges) {
    const next = batchOf(range, perTask);
    const last = batches.at(-1);
    const fits =
      last !== undefined && last.count + next.count <= most && last.bytes + next.bytes <= perTask;
    if (fits) batches[batches.length - 1] = joined(last, next);
    else batches.push(next);
  }
  return batches.filter((batch) => batch.count > 0);
}

/** A large one that is no larger than a part is in its batch after all. */
function batchOf({ from, to, count, bytes, large }: LargeObjectRange, perTask: number): Batch {
  const whole = large.filter((one) => one.bytes <= perTask);
  return {
    from,
    to,
    count: count + whole.length,
    bytes: bytes + sizeOf(whole),
    except: large.filter((one) => one.bytes > perTask).map(({ oid }) => oid),
  };
}

function joined(a: Batch, b: Batch): Batch {
  return {
    from: a.from,
    to: b.to,
    count: a.count + b.count,
    bytes: a.bytes + b.bytes,
    except: [...a.except, ...b.except],
  };
}

/** Where the rows of large objects are copied to has to be there first. */
function prepareTask(): CloneTask {
  return newTask(PREPARE, "large_objects", "prepare for large objects", {
    pool: "control",
    weight: 0,
    work: { do: "prepare_large_objects" },
  });
}

function batchTask(batch: Batch, access: LargeObjectAccess): CloneTask {
  const { from, to, except, bytes, count } = batch;
  const objects: LargeObjectSelection = { by: "range", from, to, except };
  return newTask(`large_objects:${from}`, "large_objects", `COPY ${selectionName(objects)}`, {
    pool: "tables",
    needs: [PREPARE],
    cost: copyCost(bytes) + largeObjectsCost(count),
    weight: BOTH_ENDS_WIDTH,
    bytes,
    work: { do: "large_objects", step: "all", objects, access },
  });
}

/** All large ones at once: one that is still empty costs next to nothing. */
function createTask(large: readonly LargeObjectSize[], access: LargeObjectAccess): CloneTask {
  const objects: LargeObjectSelection = { by: "oid", oids: large.map(({ oid }) => oid) };
  return newTask(CREATE, "large_objects", `create ${selectionName(objects)}`, {
    pool: "tables",
    needs: [PREPARE],
    cost: largeObjectsCost(large.length),
    work: { do: "large_objects", step: "create", objects, access },
  });
}

function partTasks(
  { oid, bytes }: LargeObjectSize,
  perTask: number,
  access: LargeObjectAccess,
): CloneTask[] {
  const ids = partIds({ oid, bytes }, perTask);
  return ids.map((id, i) => {
    const from = i * perTask;
    const to = i === ids.length - 1 ? undefined : from + perTask;
    const size = Math.min(perTask, bytes - from);
    const label = `COPY large object ${oid} (part ${i + 1} of ${ids.length})`;
    return newTask(id, "large_objects", label, {
      pool: "tables",
      needs: [CREATE],
      cost: copyCost(size),
      weight: BOTH_ENDS_WIDTH,
      bytes: size,
      work: {
        do: "large_objects",
        step: "fill",
        objects: { by: "oid", oids: [oid], bytes: { from, to } },
        access,
      },
    });
  });
}

function partIds({ oid, bytes }: LargeObjectSize, perTask: number): string[] {
  const count = Math.ceil(bytes / perTask);
  return Array.from({ length: count }, (_, i) => `large_objects:${oid}:${i + 1}/${count}`);
}

function describeTask(
  large: LargeObjectSize,
  perTask: number,
  access: LargeObjectAccess,
): CloneTask {
  const objects: LargeObjectSelection = { by: "oid", oids: [large.oid] };
  const label = `privileges and comment of ${selectionName(objects)}`;
  return newTask(`large_objects:${large.oid}:described`, "large_objects", label, {
    pool: "tables",
    needs: partIds(large, perTask),
    cost: largeObjectsCost(1),
    work: { do: "large_objects", step: "describe", objects, access },
  });
}

/** Each object once, when all of it is there. */
function verifyTask(
  { id, work }: CloneTask,
  bytes: number,
  verify: "count" | "checksum",
): CloneTask[] {
  if (work.do !== "large_objects") return [];
  const { objects, access } = work;
  return [
    newTask(`verify:${id}`, "verify", `verify ${selectionName(objects)}`, {
      pool: "tables",
      needs: [id],
      cost: verifyCost(bytes, verify),
      work: { do: "verify_large_objects", objects, access },
    }),
  ];
}

function selectionName(objects: LargeObjectSelection): string {
  if (objects.by === "range") {
    const { from, to } = objects;
    return from === to ? `large object ${from}` : `large objects ${from} to ${to}`;
  }
  const { oids } = objects;
  return oids.length === 1 ? `large object ${oids[0]}` : `${oids.length} large objects`;
}

function sizeOf(large: readonly LargeObjectSize[]): number {
  return large.reduce((sum, { bytes }) => sum + bytes, 0);
}
