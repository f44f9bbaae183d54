/**
 * The journal of a directory: lines of JSON, each about one transaction that is about to commit, and later
 * that it did. What they add up to, once it is known what became of each transaction. Pure.
 */

import type { FinishedTask } from "./journal.js";
import type { Attempt, JournalRun, JournalState } from "./journal-store.js";

/** A transaction of the target. */
export interface TransactionId {
  /** With its epoch: no other one of this server ever has it, unless a crash lost it. */
  readonly xid: string;
  /** Tells one life of the server from another: see `serverLife`. */
  readonly server: string;
}

/** What a transaction is to leave, if it commits. */
export type Recorded =
  | { readonly task: FinishedTask }
  /** So many steps of a task in several transactions. */
  | { readonly id: string; readonly steps: number }
  | { readonly forgotten: readonly string[] };

export type Intent = TransactionId & Recorded;

export type JournalLine =
  | {
      readonly pgcopyJournal: 1;
      readonly target: string;
      readonly startedAt: string;
      readonly run: JournalRun;
    }
  | { readonly attempt: Attempt & { readonly startedAt: string } }
  | { readonly report: unknown }
  | Intent
  /** The transaction with that xid has committed. */
  | { readonly committed: string; readonly server: string };

export type Header = Extract<JournalLine, { pgcopyJournal: 1 }>;

/**
 * A line as it is written, in one write: several threads append to one file. Its break comes first, so
 * that one of which only a part was written spoils none after it.
 */
export function encodeLine(line: JournalLine): string {
  return `\n${JSON.stringify(line)}`;
}

/** A line of which only a part was written says nothing: what it would speak of was not committed. */
export function decodeLines(text: string): JournalLine[] {
  return text.split("\n").flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === "object" && value !== null ? [value as JournalLine] : [];
    } catch {
      return [];
    }
  });
}

export function headerOf(lines: readonly JournalLine[]): Header | undefined {
  const [first] = lines;
  return first !== undefined && "pgcopyJournal" in first && first.pgcopyJournal === 1
    ? first
    : undefined;
}

/** Of which tasks it speaks. */
export function idsOf(line: Intent): readonly string[] {
  if ("forgotten" in line) return line.forgotten;
  return ["task" in line ? line.task.id : line.id];
}

/** Transactions of which the journal doesn't say that they committed. */
export function unconfirmed(lines: readonly JournalLine[]): Intent[] {
  const committed = new Set(
    lines.flatMap((line) => ("committed" in line ? [keyOf(line.committed, line.server)] : [])),
  );
  return lines.filter(
    (line): line is Intent => "xid" in line && !committed.has(keyOf(line.xid, line.server)),
  );
}

/** What became of a transaction. */
export type Fate = "committed" | "aborted" | "unknown";

/**
 * What the lines say is done.
 *
 * @param fates of the unconfirmed transactions.
 */
export function addUp(
  lines: readonly JournalLine[],
  fates: ReadonlyMap<Intent, Fate>,
): Pick<JournalState, "finished" | "stepsDone" | "unsure"> {
  const finished = new Map<string, FinishedTask>();
  const stepsDone = new Map<string, number>();
  const unsure = new Map<string, number>();
  for (const line of lines) {
    if (!("xid" in line)) continue;
    prove(line, stepsDone, unsure);
    const fate = fates.get(line) ?? "committed";
    if (fate === "aborted") continue;
    const sure = fate === "committed";
    if ("task" in line) {
      if (sure) finished.set(line.task.id, line.task);
      settle(unsure, line.task.id, Number.POSITIVE_INFINITY, sure);
    } else if ("steps" in line) {
      if (sure) stepsDone.set(line.id, line.steps);
      settle(unsure, line.id, line.steps, sure);
    } else {
      for (const id of line.forgotten) {
        finished.delete(id);
        if (sure) stepsDone.delete(id);
        settle(unsure, id, Number.POSITIVE_INFINITY, sure);
      }
    }
  }
  return { finished, stepsDone, unsure };
}

/** A task's transactions come one after the other: a later one says that the one before committed. */
function prove(line: Intent, stepsDone: Map<string, number>, unsure: Map<string, number>): void {
  if ("forgotten" in line) return;
  const [id, steps] =
    "task" in line ? [line.task.id, Number.POSITIVE_INFINITY] : [line.id, line.steps];
  const before = unsure.get(id);
  if (before === undefined || before >= steps) return;
  unsure.delete(id);
  stepsDone.set(id, before);
}

/** A transaction that committed settles what was unsure up to there. */
function settle(unsure: Map<string, number>, id: string, steps: number, sure: boolean): void {
  if (!sure) unsure.set(id, steps);
  else if ((unsure.get(id) ?? 0) <= steps) unsure.delete(id);
}

function keyOf(xid: string, server: string): string {
  return `${server} ${xid}`;
}
