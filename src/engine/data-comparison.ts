/** Comparing the data of both ends: a task for each table, one for the sequences, one for large objects. */

import { asPgCopyError } from "../errors.js";
import type { TaskInfo } from "../events.js";
import type { Connection } from "../postgres/connection.js";
import { displayName } from "../postgres/quote.js";
import { all } from "../run/abort.js";
import { runGraph, type Task } from "../run/graph.js";
import { compareRows, type RowsComparison } from "../verify/compare-rows.js";
import {
  compareSequences,
  readSequences,
  type SequenceDifference,
  type SequencesOfEnd,
} from "../verify/compare-sequences.js";
import {
  findDifferingLargeObjects,
  type LargeObjectsComparison,
} from "../verify/differing-large-objects.js";
import { chooseRowHashing, type RowHashing } from "../verify/row-hash.js";
import type { Pairing, TablePair } from "../verify/table-pairs.js";
import type { ResolvedDataOptions } from "./compare-options.js";
import { type ComparedServers, type ComparedSnapshots, readerPool } from "./compared-servers.js";
import { ComparisonMeter } from "./comparison-progress.js";
import type { Run } from "./run.js";

/** What was compared, and how. */
export interface DataCompared {
  readonly hashing: RowHashing;
  readonly tables: readonly RowsComparison[];
  /** How many sequences there are on both ends together, each name once. */
  readonly sequences: number;
  readonly sequenceDifferences: readonly SequenceDifference[];
  readonly unreadableSequences: readonly string[];
  readonly largeObjects: LargeObjectsComparison | undefined;
}

export interface DataComparisonContext {
  readonly servers: ComparedServers;
  readonly snapshots: ComparedSnapshots;
  readonly resolved: ResolvedDataOptions;
  readonly run: Run;
}

/** A task of a comparison. */
export interface ComparisonTask extends Task, TaskInfo {
  /** Of the rows on the source, as the catalog says. */
  readonly bytes: number;
  readonly work:
    | { readonly do: "rows"; readonly pair: TablePair }
    | { readonly do: "sequences" }
    | { readonly do: "large_objects" };
}

/**
 * Compares everything that was paired. Differences are no error.
 *
 * @throws PgCopyError the first failure, once nothing of ours runs on either server any more.
 */
export async function compareContents(
  pairing: Pairing,
  context: DataComparisonContext,
): Promise<DataCompared> {
  const { servers, snapshots, resolved, run } = context;
  const tasks = comparisonTasks(pairing);
  await using sources = readerPool(snapshots.source, servers.jobs, run);
  await using targets = readerPool(snapshots.target, servers.jobs, run);
  const hashing = await chooseRowHashing(snapshots.source.connection, snapshots.target.connection);
  const meter = new ComparisonMeter(tasks, run);
  const doing = new ComparisonRun(hashing, resolved);
  const stopProgress = meter.every(resolved.progressIntervalMs);
  try {
    await runGraph(tasks, {
      pools: { tables: servers.jobs },
      signal: run.signal,
      execute: (task, signal) =>
        told(task, { run, meter }, () =>
          sources.with(signal, (source) =>
            targets.with(signal, (target) => doing.execute(task, { source, target, signal })),
          ),
        ),
    });
  } finally {
    stopProgress();
  }
  return doing.result(tasks);
}

function comparisonTasks({ pairs }: Pairing): ComparisonTask[] {
  const task = (id: string, label: string, rest: Pick<ComparisonTask, "work" | "bytes">) => ({
    id,
    kind: "verify" as const,
    label,
    pool: "tables",
    needs: [],
    cost: rest.bytes + 1,
    ...rest,
  });
  return [
    task("sequences", "compare sequences", { work: { do: "sequences" }, bytes: 0 }),
    task("large objects", "compare large objects", { work: { do: "large_objects" }, bytes: 0 }),
    ...pairs.map((pair) => {
      const label = `compare ${displayName(pair.schema, pair.name)}`;
      const bytes = pair.source.files.reduce((sum, file) => sum + file.bytes, 0);
      return task(label, label, { work: { do: "rows", pair }, bytes });
    }),
  ];
}

/** Runs a task, and tells the observer when it begins and how it ends. */
async function told(
  task: ComparisonTask,
  { run, meter }: { readonly run: Run; readonly meter: ComparisonMeter },
  work: () => Promise<number>,
): Promise<void> {
  const info: TaskInfo = { id: task.id, kind: task.kind, label: task.label };
  const active = meter.start(task);
  run.tell({ type: "task_started", task: info, pool: task.pool });
  try {
    const rows = await work();
    meter.finish(active, rows);
    const durationMs = Math.round(run.elapsedMs - active.beganMs);
    run.tell({ type: "task_finished", task: info, durationMs, rows, bytes: 0 });
  } catch (thrown) {
    meter.stop(active);
    const error = asPgCopyError(thrown, task.label);
    if (error.code === "interrupted") {
      const durationMs = Math.round(run.elapsedMs - active.beganMs);
      run.tell({ type: "task_stopped", task: info, durationMs, bytes: 0 });
    } else run.tell({ type: "task_failed", task: info, error: error.toJSON() });
    throw error;
  }
}

interface Sessions {
  readonly source: Connection;
  readonly target: Connection;
  readonly signal: AbortSignal;
}

class ComparisonRun {
  readonly #hashing: RowHashing;
  readonly #options: ResolvedDataOptions;
  readonly #tables = new Map<string, RowsComparison>();
  #sequences: readonly [SequencesOfEnd, SequencesOfEnd] | undefined;
  #largeObjects: LargeObjectsComparison | undefined;

  constructor(hashing: RowHashing, options: ResolvedDataOptions) {
    this.#hashing = hashing;
    this.#options = options;
  }

  /** Gives the rows that were compared. */
  async execute({ id, work }: ComparisonTask, sessions: Sessions): Promise<number> {
    const { limit, showValues } = this.#options;
    switch (work.do) {
      case "rows": {
        const options = { ...sessions, hashing: this.#hashing, limit, showValues };
        const compared = await compareRows(work.pair, options);
        this.#tables.set(id, compared);
        return compared.source.rows;
      }
      case "sequences":
        this.#sequences = await all<[SequencesOfEnd, SequencesOfEnd]>(sessions.signal, [
          (signal) => sessions.source.under(signal, () => readSequences(sessions.source)),
          (signal) => sessions.target.under(signal, () => readSequences(sessions.target)),
        ]);
        return 0;
      case "large_objects":
        this.#largeObjects = await findDifferingLargeObjects({
          ...sessions,
          hashing: this.#hashing,
          limit,
        });
        return 0;
    }
  }

  /** The tables in the order of their tasks, whichever was done first. */
  result(tasks: readonly ComparisonTask[]): DataCompared {
    const [source, target] = this.#sequences ?? [nothing, nothing];
    return {
      hashing: this.#hashing,
      tables: tasks.flatMap(({ id }) => this.#tables.get(id) ?? []),
      sequences: new Set([...source.states.keys(), ...target.states.keys()]).size,
      sequenceDifferences: compareSequences(source, target),
      unreadableSequences: [...new Set([...source.unreadable, ...target.unreadable])],
      largeObjects: this.#largeObjects,
    };
  }
}

const nothing: SequencesOfEnd = { states: new Map(), unreadable: [] };
