/** What a statement is for, told from its parse tree. */

import type { AlterTableCmd, AlterTableStmt, Constraint, Node } from "libpg-query";
import type { StatementKind } from "../plan/toc.js";
import { commandsOf, type TypedNode } from "./parse-tree.js";

const kindsByType: Partial<Record<TypedNode["type"], StatementKind>> = {
  IndexStmt: "index",
  CreateTrigStmt: "trigger",
  RuleStmt: "rule",
  CreatePolicyStmt: "policy",
  CreateEventTrigStmt: "event_trigger",
  AlterEventTrigStmt: "event_trigger",
  CreatePublicationStmt: "publication",
  AlterPublicationStmt: "publication",
  CreateSubscriptionStmt: "subscription",
  AlterSubscriptionStmt: "subscription",
  CreateStatsStmt: "statistics",
  AlterStatsStmt: "statistics",
  AlterOwnerStmt: "owner",
  CommentStmt: "comment",
  SecLabelStmt: "security_label",
  GrantStmt: "acl",
  GrantRoleStmt: "acl",
  AlterDefaultPrivilegesStmt: "acl",
  CreateSchemaStmt: "schema",
  CreateExtensionStmt: "extension",
};

/** The kind of a statement. */
export function classify(tree: TypedNode): StatementKind {
  switch (tree.type) {
    case "AlterTableStmt":
      return kindOfAlterTable(tree.node);
    case "AlterDomainStmt":
      return addedConstraint(tree.node.def) === undefined ? "definition" : "other_constraint";
    case "CreateTableAsStmt":
      return tree.node.objtype === "OBJECT_MATVIEW" ? "materialized_view" : "definition";
    case "ViewStmt":
      // A view that can only be completed after something that depends on it comes first as a
      // dummy, and its query late, as what it is to PostgreSQL: the rule "_RETURN".
      return tree.node.replace ? "rule" : "definition";
    case "AlterObjectDependsStmt":
      if (tree.node.objectType === "OBJECT_INDEX") return "index_follow_up";
      return tree.node.objectType === "OBJECT_TRIGGER" ? "trigger" : "definition";
    case "VariableSetStmt":
      // Around a GRANT by somebody else than the owner.
      return tree.node.name === "session_authorization" ? "acl" : "definition";
    default:
      return kindsByType[tree.type] ?? "definition";
  }
}

/** pg_dump writes one command to an `alter table`; of several, the first that is no mere definition tells. */
function kindOfAlterTable(statement: AlterTableStmt): StatementKind {
  const ofIndex = statement.objtype === "OBJECT_INDEX";
  const kinds = commandsOf(statement.cmds).map((command) => kindOfCommand(command, ofIndex));
  return kinds.find((kind) => kind !== "definition") ?? "definition";
}

function kindOfCommand(command: AlterTableCmd, ofIndex: boolean): StatementKind {
  switch (command.subtype) {
    case "AT_AddConstraint":
      return kindOfConstraint(addedConstraint(command.def));
    case "AT_ChangeOwner":
      return "owner";
    case "AT_ClusterOn":
      return "index_follow_up";
    case "AT_ReplicaIdentity":
      return identityNamesIndex(command.def) ? "index_follow_up" : "definition";
    case "AT_AttachPartition":
      return ofIndex ? "index_attach" : "definition";
    default:
      if (ofIndex) return "index_follow_up";
      return kindBySubtype(command.subtype ?? "");
  }
}

function kindBySubtype(subtype: string): StatementKind {
  if (/^AT_(Enable|Disable).*Trig/.test(subtype)) return "trigger";
  if (/^AT_(Enable|Disable).*Rule$/.test(subtype)) return "rule";
  return subtype.endsWith("RowSecurity") ? "policy" : "definition";
}

function kindOfConstraint(constraint: Constraint | undefined): StatementKind {
  switch (constraint?.contype) {
    case "CONSTR_PRIMARY":
    case "CONSTR_UNIQUE":
    case "CONSTR_EXCLUSION":
      return "key_constraint";
    case "CONSTR_FOREIGN":
      return "foreign_key";
    default:
      return "other_constraint";
  }
}

/** REPLICA IDENTITY FULL and NOTHING name no index: pg_dump writes them with the table. */
function identityNamesIndex(def: Node | undefined): boolean {
  return (
    def !== undefined &&
    "ReplicaIdentityStmt" in def &&
    def.ReplicaIdentityStmt.identity_type === "i"
  );
}

/** The constraint that an `alter table` or `alter domain` command adds. */
export function addedConstraint(def: Node | undefined): Constraint | undefined {
  return def !== undefined && "Constraint" in def ? def.Constraint : undefined;
}

const creating: ReadonlySet<TypedNode["type"]> = new Set<TypedNode["type"]>([
  "CompositeTypeStmt",
  "CreateAmStmt",
  "CreateCastStmt",
  "CreateConversionStmt",
  "CreateDomainStmt",
  "CreateEnumStmt",
  "CreateEventTrigStmt",
  "CreateExtensionStmt",
  "CreateFdwStmt",
  "CreateForeignServerStmt",
  "CreateForeignTableStmt",
  "CreateFunctionStmt",
  "CreateOpClassStmt",
  "CreateOpFamilyStmt",
  "CreatePLangStmt",
  "CreatePolicyStmt",
  "CreatePublicationStmt",
  "CreateRangeStmt",
  "CreateSchemaStmt",
  "CreateSeqStmt",
  "CreateStatsStmt",
  "CreateStmt",
  "CreateSubscriptionStmt",
  "CreateTableAsStmt",
  "CreateTransformStmt",
  "CreateTrigStmt",
  "CreateUserMappingStmt",
  "DefineStmt",
  "IndexStmt",
  "RuleStmt",
  "ViewStmt",
]);

/** Whether the statement makes an object and fails if that exists already. */
export function createsObject(tree: TypedNode): boolean {
  if (!creating.has(tree.type)) return false;
  const node = tree.node as {
    readonly replace?: boolean;
    readonly if_not_exists?: boolean;
    /** What a foreign table shares with a table. */
    readonly base?: { readonly if_not_exists?: boolean };
  };
  return !(node.replace || node.if_not_exists || node.base?.if_not_exists);
}
