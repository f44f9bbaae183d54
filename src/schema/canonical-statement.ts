/**
 * A statement without what is no difference: the layout of its text, and what one server version
 * prints in other words than another. Two statements that mean the same have the same canonical form.
 * Each rule below names the version from which on servers print otherwise; it applies only where the
 * two ends are on different sides of it.
 */

import { parseScript, type TypedNode } from "./parse-tree.js";

/** Major versions of both ends. */
export interface Majors {
  readonly source: number;
  readonly target: number;
}

type Tree = { readonly [key: string]: unknown };

/** The canonical form of one statement; undefined where nothing is left of it. */
export async function canonicalForm(sql: string, majors: Majors): Promise<string | undefined> {
  for await (const statements of parseScript(Buffer.from(`${sql}\n;`, "utf8"))) {
    for (const { tree } of statements) {
      const rewritten = rewrite(tree, majors);
      if (rewritten === undefined) return undefined;
      return JSON.stringify([tree.type, withoutPlaces(rewritten)]);
    }
  }
  return sql;
}

function rewrite({ type, node }: TypedNode, majors: Majors): unknown {
  const tree = node as unknown as Tree;
  const across = (major: number) => majors.source < major !== majors.target < major;
  switch (type) {
    case "CreateRangeStmt":
      return across(14) ? withoutMultirange(tree) : tree;
    case "ViewStmt":
    case "CreateTableAsStmt":
      return across(16) ? { ...tree, query: withoutPrefix(tree.query) } : tree;
    case "GrantStmt":
      return across(17) ? withoutMaintain(tree) : tree;
    case "AlterDefaultPrivilegesStmt": {
      const action = across(17) ? withoutMaintain(tree.action as Tree) : tree.action;
      return action === undefined ? undefined : { ...tree, action };
    }
    case "CreateStmt":
      return across(18) ? withoutNotNullNames(tree) : tree;
    case "CreateForeignTableStmt":
      return across(18) ? { ...tree, base: withoutNotNullNames(tree.base as Tree) } : tree;
    default:
      return tree;
  }
}

/** Positions in the text go; and IN before a procedure's argument, which is printed from 14 on and says nothing. */
function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (value === "FUNC_PARAM_IN") return "FUNC_PARAM_DEFAULT";
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key]) => !/location$|^(list|rexpr_list)_(start|end)$/.test(key),
  );
  return Object.fromEntries(
    kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, withoutPlaces(one)]),
  );
}

/** Multiranges came with 14: a range type that comes from an older server gets one. */
function withoutMultirange(tree: Tree): Tree {
  const params = (tree.params as { DefElem?: { defname?: string } }[] | undefined) ?? [];
  return {
    ...tree,
    params: params.filter(({ DefElem }) => DefElem?.defname !== "multirange_type_name"),
  };
}

/** Before 16 the columns of a view's query are printed with their table even where there is only one. */
function withoutPrefix(query: unknown): unknown {
  const select = (query as { SelectStmt?: Tree } | undefined)?.SelectStmt;
  const from = (select?.fromClause as Tree[] | undefined) ?? [];
  const name = from.length === 1 ? nameOf(from[0] as Tree) : undefined;
  if (select === undefined || name === undefined) return query;
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => {
        // Below the outermost query every version prints the prefix.
        if (key === "SelectStmt" || key === "fromClause") return [key, one];
        return [key, key === "ColumnRef" ? unprefixed(one as Tree, name) : visit(one)];
      }),
    );
  };
  return { SelectStmt: { ...(visit({ ...select, fromClause: [] }) as Tree), fromClause: from } };
}

function unprefixed(column: Tree, name: string): Tree {
  const fields = column.fields as { String?: { sval?: string } }[];
  const isPrefixed = fields.length === 2 && fields[0]?.String?.sval === name && fields[1]?.String;
  return isPrefixed ? { ...column, fields: fields.slice(1) } : column;
}

/** What the columns of an item of FROM are prefixed with; undefined for a join. */
function nameOf(item: Tree): string | undefined {
  const [node] = Object.values(item) as { alias?: { aliasname?: string }; relname?: string }[];
  return "JoinExpr" in item ? undefined : (node?.alias?.aliasname ?? node?.relname);
}

/** The privileges on a table before 17, which brought MAINTAIN. */
const tablePrivileges = [
  "delete",
  "insert",
  "references",
  "select",
  "trigger",
  "truncate",
  "update",
];

/** ALL holds MAINTAIN from 17 on, so it is printed for other sets of privileges there than before. */
function withoutMaintain(grant: Tree): Tree | undefined {
  if (grant.objtype !== "OBJECT_TABLE") return grant;
  const given = grant.privileges as { AccessPriv: { priv_name?: string } }[] | undefined;
  const privileges = (
    given ?? tablePrivileges.map((priv_name) => ({ AccessPriv: { priv_name } }))
  ).filter(({ AccessPriv }) => AccessPriv.priv_name !== "maintain");
  if (privileges.length === 0) return undefined;
  const names = (one: (typeof privileges)[number]) => JSON.stringify(withoutPlaces(one));
  return { ...grant, privileges: privileges.sort((a, b) => (names(a) < names(b) ? -1 : 1)) };
}

/**
 * NOT NULL constraints have names from 18 on. A child may have inherited it there, where an older
 * server knows of the column alone that it is not null.
 */
function withoutNotNullNames(table: Tree): Tree {
  const inherits = ((table.inhRelations as unknown[] | undefined) ?? []).length > 0;
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      return value.filter((one) => !(inherits && isNotNull(one))).map(visit);
    }
    if (typeof value !== "object" || value === null) return value;
    if (isNotNull(value)) {
      const { conname: _, ...constraint } = value.Constraint;
      return { Constraint: constraint };
    }
    const visited = Object.entries(value).map(([key, one]) => [key, visit(one)] as const);
    return Object.fromEntries(
      visited.filter(([, one]) => !(Array.isArray(one) && one.length === 0)),
    );
  };
  return visit(table) as Tree;
}

function isNotNull(node: unknown): node is { Constraint: Tree } {
  const constraint = (node as { Constraint?: Tree } | null)?.Constraint;
  return constraint?.contype === "CONSTR_NOTNULL";
}
