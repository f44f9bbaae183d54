/** Which stage of a restore an entry belongs to, as pg_dump would sort it. */

import type { ObjectType } from "libpg-query";
import type { Section, StatementKind } from "../plan/toc.js";
import type { TypedNode } from "./parse-tree.js";

/** Undefined where it depends on what the statement speaks of. */
const sectionsByKind: Record<StatementKind, Section | undefined> = {
  index: "post-data",
  key_constraint: "post-data",
  foreign_key: "post-data",
  other_constraint: "post-data",
  index_attach: "post-data",
  index_follow_up: "post-data",
  trigger: "post-data",
  rule: "post-data",
  policy: "post-data",
  event_trigger: "event-trigger",
  publication: "post-data",
  subscription: "post-data",
  statistics: "post-data",
  owner: undefined,
  comment: undefined,
  security_label: undefined,
  acl: "acl",
  materialized_view: "pre-data",
  schema: "pre-data",
  extension: "pre-data",
  definition: "pre-data",
};

const sectionsByObjectType: Partial<Record<ObjectType, Section>> = {
  OBJECT_EVENT_TRIGGER: "event-trigger",
  OBJECT_INDEX: "post-data",
  OBJECT_POLICY: "post-data",
  OBJECT_PUBLICATION: "post-data",
  OBJECT_RULE: "post-data",
  OBJECT_STATISTIC_EXT: "post-data",
  OBJECT_SUBSCRIPTION: "post-data",
  OBJECT_TRIGGER: "post-data",
};

/** What one statement says of the section of its entry. */
export interface SectionHint {
  /** By what it does; a table's entry stays pre-data whatever follows its `create table`. */
  readonly own: Section | undefined;
  /** By the sort of object that a comment, label or owner is for. */
  readonly ofObject: Section | undefined;
}

/** What a statement of that kind says. */
export function sectionHint(kind: StatementKind, tree: TypedNode): SectionHint {
  return {
    own: sectionsByKind[kind],
    ofObject: sectionsByObjectType[objectType(tree) ?? "OBJECT_TABLE"],
  };
}

function objectType(tree: TypedNode): ObjectType | undefined {
  if (tree.type === "CommentStmt" || tree.type === "SecLabelStmt") return tree.node.objtype;
  return tree.type === "AlterOwnerStmt" ? tree.node.objectType : undefined;
}

/**
 * The section of an entry: its first statement that tells decides. A comment goes with the entry
 * that it depends on, so that one on a primary key waits for the key; where that entry is not in
 * the dump, with the sort of object.
 *
 * @param earlier sections of the entries before it, by dump id
 */
export function sectionOf(
  hints: readonly SectionHint[],
  dependencies: readonly number[],
  earlier: ReadonlyMap<number, Section>,
): Section {
  const own = hints.find((hint) => hint.own !== undefined)?.own;
  if (own !== undefined) return own;
  for (const id of dependencies) {
    const section = earlier.get(id);
    if (section !== undefined && section !== "acl") return section;
  }
  return hints.find((hint) => hint.ofObject !== undefined)?.ofObject ?? "pre-data";
}
