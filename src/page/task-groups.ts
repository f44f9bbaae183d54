/** The kinds of tasks as the page shows them: five colours are as many as one can tell apart. */

import type { TaskKind } from "../events.js";

export interface TaskGroup {
  /** Its class in the style sheet. */
  readonly id: "rows" | "verify" | "build" | "schema" | "rest";
  readonly title: string;
}

const rows: TaskGroup = { id: "rows", title: "rows" };
const verify: TaskGroup = { id: "verify", title: "verification" };
const build: TaskGroup = { id: "build", title: "indexes and keys" };
const schema: TaskGroup = { id: "schema", title: "schema" };
const rest: TaskGroup = { id: "rest", title: "statistics, sequences, and the rest" };

export const taskGroups: readonly TaskGroup[] = [schema, rows, verify, build, rest];

const groups: Partial<Record<TaskKind, TaskGroup>> = {
  pre_data: schema,
  copy: rows,
  large_objects: rows,
  verify,
  index: build,
  constraint: build,
  foreign_key: build,
  post_data: schema,
  acl: schema,
  finish: schema,
};

export function groupOf(kind: TaskKind): TaskGroup {
  return groups[kind] ?? rest;
}

/** `foreign key`. */
export function kindWords(kind: string): string {
  return kind.replaceAll("_", " ");
}
