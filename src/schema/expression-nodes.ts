/** What an expression may consist of: see parse-expression.ts. */

import type { ColumnRef, FuncCall, Node, SQLValueFunction, TypeCast } from "libpg-query";

/** Says what is wrong with an expression; whoever asked for it says whose it is. */
export class ExpressionProblem extends Error {
  /** Index into the expression's text. */
  readonly at: number | undefined;

  constructor(words: string, at?: number) {
    super(words);
    this.at = at;
  }
}

export interface InspectedExpression {
  /** Names of columns, with the byte at which each first stands. */
  readonly columns: ReadonlyMap<string, number>;
  readonly moments: readonly MomentNode[];
  readonly problem: { readonly words: string; readonly byte: number } | undefined;
}

/** An expression of the present time. */
interface MomentNode {
  readonly byte: number;
  readonly type: string;
  /** Whether parentheses belong to it. */
  readonly called: boolean;
}

/** Values, operators, functions, conditions, casts and what they are made of. */
const allowed = new Set(
  `A_Const A_Expr A_ArrayExpr A_Indices A_Indirection BoolExpr BooleanTest CaseExpr CaseWhen CoalesceExpr
  CollateClause ColumnRef Float FuncCall Integer JsonArgument JsonArrayConstructor JsonBehavior JsonFormat
  JsonFuncExpr JsonIsPredicate JsonKeyValue JsonObjectConstructor JsonOutput JsonParseExpr JsonReturning
  JsonScalarExpr JsonSerializeExpr JsonValueExpr List MinMaxExpr NamedArgExpr NullTest RowExpr SQLValueFunction
  String TypeCast TypeName XmlExpr XmlSerialize`.split(/\s+/),
);

const AGGREGATE = "an aggregate has no meaning for a single row";
const SUB_STATEMENT = "a sub-statement is not allowed: only the table's own columns can be used";

const reasons: Readonly<Record<string, string>> = {
  SubLink: SUB_STATEMENT,
  SelectStmt: SUB_STATEMENT,
  JsonArrayQueryConstructor: SUB_STATEMENT,
  ParamRef: "there are no parameters here",
  SetToDefault: "DEFAULT is no expression",
  GroupingFunc: AGGREGATE,
  JsonObjectAgg: AGGREGATE,
  JsonArrayAgg: AGGREGATE,
};

/**
 * Looks at every node of an expression's tree.
 *
 * @param start the byte at which the expression begins.
 */
export function inspectExpression(tree: Node, start: number): InspectedExpression {
  const columns = new Map<string, number>();
  const moments: MomentNode[] = [];
  let problem: InspectedExpression["problem"];
  const refuse = (words: string, byte: number) => {
    problem ??= { words, byte };
  };
  /** @param byte where the node stands, or the one around it that has a place. */
  const visit = (value: unknown, byte: number): void => {
    if (typeof value !== "object" || value === null) return;
    // The keys of a list are numbers, so it is passed through.
    for (const [key, child] of Object.entries(value)) {
      const here = placeOf(child) ?? byte;
      // A node is wrapped in its type, which alone begins with a capital.
      if (/^[A-Z]/.test(key)) {
        const words = objection(key, child);
        if (words !== undefined) refuse(words, here);
        if (key === "ColumnRef") noteColumn(child, here, columns);
        const moment = momentOf(key, child, here);
        if (moment !== undefined) moments.push(moment);
      }
      visit(child, here);
    }
  };
  visit(tree, start);
  return { columns, moments, problem };
}

function placeOf(node: unknown): number | undefined {
  const location = (node as { location?: unknown } | null)?.location;
  return typeof location === "number" && location >= 0 ? location : undefined;
}

function objection(type: string, node: unknown): string | undefined {
  switch (type) {
    case "ColumnRef":
      return columnObjection(node as ColumnRef);
    case "FuncCall":
      return callObjection(node as FuncCall);
    case "TypeCast":
      return castObjection(node as TypeCast);
    case "A_Star":
      return undefined; // within a ColumnRef, which is told as a whole
  }
  if (allowed.has(type)) return undefined;
  return reasons[type] ?? `${type} is not allowed in it`;
}

function columnObjection({ fields = [] }: ColumnRef): string | undefined {
  if (fields.some((field) => "A_Star" in field)) return "a whole row is not allowed: name columns";
  if (fields.length === 1) return undefined;
  const last = stringsOf(fields).at(-1);
  return `write the column alone, without its table: ${last} (and a part of a composite one as (${stringsOf(fields)[0]}).${last})`;
}

function noteColumn(node: unknown, byte: number, columns: Map<string, number>): void {
  const [name] = stringsOf((node as ColumnRef).fields);
  if (name !== undefined && !columns.has(name)) columns.set(name, byte);
}

function callObjection(call: FuncCall): string | undefined {
  if (call.over !== undefined) return "a window function has no meaning for a single row";
  if (
    call.agg_star ||
    call.agg_distinct ||
    call.agg_filter ||
    call.agg_order ||
    call.agg_within_group
  )
    return AGGREGATE;
  // It counts from the day on which its own session's transaction began.
  if (builtin(call.funcname) === "age" && call.args?.length === 1)
    return "age() of one argument may mean another day in another session: write age(current_date, …)";
  return undefined;
}

const presentTimes = new Set(["now", "today", "tomorrow", "yesterday"]);
const timeTypes = new Set(["date", "time", "timetz", "timestamp", "timestamptz"]);

/** `'today'::date` is read by each session for itself. */
function castObjection({ arg, typeName }: TypeCast): string | undefined {
  const word = arg !== undefined && "A_Const" in arg ? arg.A_Const.sval?.sval : undefined;
  if (word === undefined || !presentTimes.has(word.trim().toLowerCase())) return undefined;
  if (!timeTypes.has(stringsOf(typeName?.names).at(-1) ?? "")) return undefined;
  return `'${word}' may mean another time in another session: write now() or current_date`;
}

/** Functions without arguments that give the moment at which a transaction or statement began. */
const presentFunctions = new Set(["now", "transaction_timestamp", "statement_timestamp"]);

const presentValues: Readonly<Record<string, string>> = {
  SVFOP_CURRENT_DATE: "date",
  SVFOP_CURRENT_TIME: "timetz",
  SVFOP_CURRENT_TIMESTAMP: "timestamptz",
  SVFOP_LOCALTIME: "time",
  SVFOP_LOCALTIMESTAMP: "timestamp",
};

function momentOf(type: string, node: unknown, byte: number): MomentNode | undefined {
  if (type === "FuncCall") {
    const { funcname, args = [] } = node as FuncCall;
    if (args.length > 0 || !presentFunctions.has(builtin(funcname) ?? "")) return undefined;
    return { byte, type: "pg_catalog.timestamptz", called: true };
  }
  if (type !== "SQLValueFunction") return undefined;
  const { op = "", typmod } = node as SQLValueFunction;
  const called = op.endsWith("_N");
  const value = presentValues[op.replace(/_N$/, "")];
  if (value === undefined) return undefined;
  return { byte, type: `pg_catalog.${value}${called ? `(${typmod ?? 0})` : ""}`, called };
}

/** The name of a function of pg_catalog: sessions have no other schema to look into. */
function builtin(funcname: readonly Node[] | undefined): string | undefined {
  const names = stringsOf(funcname);
  return names.length === 1 || names[0] === "pg_catalog" ? names.at(-1) : undefined;
}

function stringsOf(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => ("String" in node ? [node.String.sval ?? ""] : []));
}
