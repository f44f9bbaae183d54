/**
 * What not every role may do, told from parse trees. Which role may do what differs between servers,
 * hosted ones above all; so this only tells what is to be asked (load/check-restricted.ts asks).
 */

import type {
  CreateCastStmt,
  CreateFunctionStmt,
  CreatePublicationStmt,
  DefElem,
  DefineStmt,
  Node,
  TypeName,
} from "libpg-query";
import type { RestrictedAct, RestrictedSort } from "../plan/toc.js";
import type { TypedNode } from "./parse-tree.js";

const sortsByType: Partial<Record<TypedNode["type"], RestrictedSort>> = {
  CreateEventTrigStmt: "event_trigger",
  CreateOpClassStmt: "operator_class",
  CreateOpFamilyStmt: "operator_class",
  AlterOpFamilyStmt: "operator_class",
  CreateAmStmt: "access_method",
  CreateFdwStmt: "foreign_data_wrapper",
  CreatePLangStmt: "language",
  CreateSubscriptionStmt: "subscription",
};

/** What a statement does that only some roles may; most do nothing of the sort. */
export function restrictedActs(tree: TypedNode): RestrictedAct[] {
  switch (tree.type) {
    case "CreateFunctionStmt":
      return ofFunction(tree.node);
    case "DefineStmt":
      return ofDefinition(tree.node);
    case "CreateCastStmt":
      return ofCast(tree.node);
    case "CreatePublicationStmt":
    case "AlterPublicationStmt":
      return ofPublication(tree.node);
    case "CreateForeignServerStmt":
      return [act("foreign_server", tree.node.fdwname)];
    case "VariableSetStmt":
      // Around a GRANT by somebody else than the owner.
      return tree.node.name === "session_authorization" && tree.node.kind === "VAR_SET_VALUE"
        ? [act("session_authorization", stringOf(tree.node.args?.[0]))]
        : [];
    case "AlterDefaultPrivilegesStmt":
      return rolesOf(tree.node.options).map((role) => act("default_privileges", role));
    default: {
      const sort = sortsByType[tree.type];
      return sort === undefined ? [] : [act(sort)];
    }
  }
}

function act(sort: RestrictedSort, name = ""): RestrictedAct {
  return { sort, name };
}

function ofFunction({ options }: CreateFunctionStmt): RestrictedAct[] {
  return elements(options).flatMap(({ defname, arg }) => {
    if (arg === undefined) return [];
    switch (defname) {
      case "language":
        return [act("function_language", stringOf(arg))];
      case "leakproof":
        return "Boolean" in arg && arg.Boolean.boolval ? [act("leakproof_function")] : [];
      case "support":
        return [act("support_function")];
      case "set":
        return "VariableSetStmt" in arg ? [act("function_setting", arg.VariableSetStmt.name)] : [];
      default:
        return [];
    }
  });
}

function ofDefinition({ kind, definition }: DefineStmt): RestrictedAct[] {
  switch (kind) {
    case "OBJECT_TYPE":
      return [act("base_type")];
    case "OBJECT_TSPARSER":
      return [act("text_search_parser")];
    case "OBJECT_TSTEMPLATE":
      return [act("text_search_template")];
    case "OBJECT_AGGREGATE": {
      const states = elements(definition).filter(({ defname }) => /^m?stype$/.test(defname ?? ""));
      return states.some(({ arg }) => typeNames(arg).at(-1) === "internal")
        ? [act("internal_aggregate")]
        : [];
    }
    default:
      return [];
  }
}

/** Whoever makes a cast has to own one of its types, and a clone makes all but the built-in ones. */
function ofCast({ sourcetype, targettype, func, inout }: CreateCastStmt): RestrictedAct[] {
  if (func === undefined && inout !== true) return [act("binary_cast")];
  return isBuiltIn(sourcetype) && isBuiltIn(targettype) ? [act("built_in_cast")] : [];
}

function ofPublication(
  node: Pick<CreatePublicationStmt, "for_all_tables" | "pubobjects">,
): RestrictedAct[] {
  const bySchema = (node.pubobjects ?? []).some(
    (one) =>
      "PublicationObjSpec" in one &&
      one.PublicationObjSpec.pubobjtype === "PUBLICATIONOBJ_TABLES_IN_SCHEMA",
  );
  return [
    ...(node.for_all_tables === true ? [act("publication_of_all_tables")] : []),
    ...(bySchema ? [act("publication_of_schemas")] : []),
  ];
}

function elements(nodes: readonly Node[] | undefined): DefElem[] {
  return (nodes ?? []).flatMap((node) => ("DefElem" in node ? [node.DefElem] : []));
}

/** The roles of `for role`. */
function rolesOf(options: readonly Node[] | undefined): string[] {
  return elements(options)
    .filter(({ defname }) => defname === "roles")
    .flatMap(({ arg }) => (arg !== undefined && "List" in arg ? (arg.List.items ?? []) : []))
    .flatMap((node) => ("RoleSpec" in node ? (node.RoleSpec.rolename ?? []) : []));
}

function stringOf(node: Node | undefined): string {
  if (node === undefined) return "";
  if ("String" in node) return node.String.sval ?? "";
  return "A_Const" in node ? (node.A_Const.sval?.sval ?? "") : "";
}

function typeNames(node: Node | undefined): string[] {
  return node !== undefined && "TypeName" in node ? (node.TypeName.names ?? []).map(stringOf) : [];
}

/** pg_dump qualifies every type but those of pg_catalog. */
function isBuiltIn(type: TypeName | undefined): boolean {
  const names = (type?.names ?? []).map(stringOf);
  return names.length === 1 || names[0] === "pg_catalog";
}
