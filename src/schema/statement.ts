/** From a parse tree to a `Statement`: its kind, and the facts that the plan is made from. */

import type { Constraint, IndexStmt, RangeVar, RoleSpec, VariableSetStmt } from "libpg-query";
import type {
  ForeignKey,
  IndexDefinition,
  KeyConstraint,
  RelationName,
  Statement,
} from "../plan/toc.js";
import { addedConstraint, classify, createsObject } from "./classify.js";
import { collationsIn } from "./collations.js";
import { commandsOf, relationName, type TypedNode } from "./parse-tree.js";
import { restrictedActs } from "./restricted.js";

/** Keeps nothing of the tree. */
export function toStatement(tree: TypedNode, sql: string): Statement {
  return {
    kind: classify(tree),
    sql,
    ...mentionedIn(tree.node),
    ...collationsIn(tree.node),
    creates: createsObject(tree),
    ...factsOf(tree),
    ...restrictionsOf(tree),
  };
}

function restrictionsOf(tree: TypedNode): Pick<Statement, "restricted"> {
  const restricted = restrictedActs(tree);
  return restricted.length === 0 ? {} : { restricted };
}

type Facts = Pick<Statement, "constraint" | "index" | "foreignKey" | "labelProvider">;

function factsOf(tree: TypedNode): Facts {
  if (tree.type === "IndexStmt") return { index: indexDefinition(tree.node) };
  if (tree.type === "SecLabelStmt") return { labelProvider: tree.node.provider ?? "" };
  if (tree.type !== "AlterTableStmt") return {};
  for (const command of commandsOf(tree.node.cmds)) {
    const added = addedConstraint(command.def);
    const type = keyTypes[added?.contype ?? ""];
    if (added === undefined) continue;
    if (type !== undefined) return { constraint: keyConstraint(type, added, tree.node.relation) };
    if (added.contype === "CONSTR_FOREIGN")
      return { foreignKey: foreignKey(added, tree.node.relation) };
  }
  return {};
}

const keyTypes: Readonly<Record<string, KeyConstraint["type"]>> = {
  CONSTR_PRIMARY: "primary_key",
  CONSTR_UNIQUE: "unique",
  CONSTR_EXCLUSION: "exclusion",
};

function keyConstraint(
  type: KeyConstraint["type"],
  added: Constraint,
  relation: RangeVar | undefined,
): KeyConstraint {
  return {
    type,
    name: added.conname ?? "",
    relation: relationName(relation),
    only: isOnly(relation),
    deferrable: added.deferrable ?? false,
    initiallyDeferred: added.initdeferred ?? false,
    withoutOverlaps: added.without_overlaps ?? false,
  };
}

function foreignKey(added: Constraint, relation: RangeVar | undefined): ForeignKey {
  return {
    name: added.conname ?? "",
    relation: relationName(relation),
    references: relationName(added.pktable),
  };
}

function indexDefinition(node: IndexStmt): IndexDefinition {
  const relation = relationName(node.relation);
  return {
    schema: relation.schema,
    name: node.idxname ?? "",
    relation,
    unique: node.unique ?? false,
    only: isOnly(node.relation),
  };
}

/** The tree says `inh` where children are included, and leaves false away. */
function isOnly(relation: RangeVar | undefined): boolean {
  return relation?.inh !== true;
}

/** Roles and qualified relations anywhere in a tree. */
function mentionedIn(tree: object): Pick<Statement, "roles" | "relations"> {
  const roles = new Set<string>();
  const relations = new Map<string, RelationName>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const node: Partial<RoleSpec & RangeVar & VariableSetStmt> = value;
    const role = node.roletype === "ROLESPEC_CSTRING" ? node.rolename : roleSet(node);
    if (role !== undefined) roles.add(role);
    if (node.relpersistence !== undefined) {
      const relation = relationName(node);
      if (relation.schema !== "") relations.set(JSON.stringify(relation), relation);
    }
    for (const child of Object.values(value)) visit(child);
  };
  visit(tree);
  return { roles: [...roles], relations: [...relations.values()] };
}

/** The role that a SET takes on: around a GRANT, or as an option of a function. */
function roleSet(node: VariableSetStmt): string | undefined {
  if (node.name !== "session_authorization" && node.name !== "role") return undefined;
  const role = settingValue(node);
  return role === "" || role === "none" ? undefined : role;
}

/** What a SET sets a parameter to, as a plain string; empty for its default. */
export function settingValue(set: VariableSetStmt): string {
  const [value] = Array.isArray(set.args) ? set.args : [];
  return value !== undefined && "A_Const" in value ? (value.A_Const.sval?.sval ?? "") : "";
}
