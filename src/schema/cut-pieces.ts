/**
 * Taking a default or a CHECK out of the statement that creates a table or a domain, where filters
 * leave out what it needs. PostgreSQL's own parser says where each begins, and its scanner where it
 * ends, so that nothing in a string or a quoted name is taken for a comma.
 */

import type {
  ColumnDef,
  Constraint,
  CreateDomainStmt,
  CreateStmt,
  Node,
  ScanToken,
} from "libpg-query";
import { PgCopyError } from "../errors.js";
import { loadSqlParser, scanTokens } from "./sql-parser.js";

export interface Pieces {
  /** Names of the columns whose defaults go. */
  readonly defaults: ReadonlySet<string>;
  /** Names of the constraints that go. */
  readonly constraints: ReadonlySet<string>;
}

/** From and to which byte. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * The statement without those pieces. What it doesn't hold (an inherited constraint stands with the
 * parent) is no error.
 *
 * @throws PgCopyError `internal` if the statement can't be parsed, although it once was.
 */
export async function cutPieces(sql: string, pieces: Pieces): Promise<string> {
  const library = await loadSqlParser();
  const [statement] = library.parseSync(sql).stmts ?? [];
  const bytes = Buffer.from(sql, "utf8");
  const tree = statement?.stmt;
  if (tree === undefined)
    throw new PgCopyError("a statement of the schema can't be read again", { code: "internal" });
  if ("CreateDomainStmt" in tree)
    return without(bytes, domainRanges(tree.CreateDomainStmt, pieces, bytes.length));
  const table = tableOf(tree);
  if (table === undefined) return sql;
  return withoutElements(bytes, table, pieces, scanTokens(library, sql));
}

function tableOf(tree: Node): CreateStmt | undefined {
  if ("CreateStmt" in tree) return tree.CreateStmt;
  return "CreateForeignTableStmt" in tree ? tree.CreateForeignTableStmt.base : undefined;
}

/** The constraints of a domain follow each other, up to the end of the statement. */
function domainRanges(domain: CreateDomainStmt, pieces: Pieces, length: number): Range[] {
  const constraints = constraintsIn(domain.constraints);
  return constraints.flatMap((constraint, i) => {
    const end = constraints[i + 1]?.location ?? length;
    return pieces.constraints.has(constraint.conname ?? "")
      ? [{ start: constraint.location ?? 0, end }]
      : [];
  });
}

function withoutElements(
  bytes: Buffer,
  { tableElts = [] }: CreateStmt,
  pieces: Pieces,
  tokens: readonly ScanToken[],
): string {
  const elements = tableElts.flatMap((node) => {
    const start = locationOf(node);
    return start === undefined ? [] : [{ node, start, end: endOfElement(start, tokens) }];
  });
  const [first] = elements;
  const last = elements.at(-1);
  if (first === undefined || last === undefined) return bytes.toString("utf8");
  const kept = elements.flatMap(({ node, start, end }) => {
    const constraint = "Constraint" in node ? node.Constraint : undefined;
    if (constraint !== undefined && pieces.constraints.has(constraint.conname ?? "")) return [];
    const ranges = "ColumnDef" in node ? defaultRanges(node.ColumnDef, pieces, end) : [];
    return [without(bytes.subarray(0, end), ranges, start).trim()];
  });
  const before = bytes.toString("utf8", 0, first.start);
  return `${before}${kept.join(",\n    ")}\n${bytes.toString("utf8", last.end)}`;
}

function locationOf(node: Node): number | undefined {
  if ("ColumnDef" in node) return node.ColumnDef.location;
  return "Constraint" in node ? node.Constraint.location : undefined;
}

/** Up to the comma or the parenthesis that no other one has opened. */
function endOfElement(start: number, tokens: readonly ScanToken[]): number {
  let depth = 0;
  for (const token of tokens) {
    if (token.start < start) continue;
    if (depth === 0 && (token.text === "," || token.text === ")")) return token.start;
    if (token.text === "(" || token.text === "[") depth++;
    if (token.text === ")" || token.text === "]") depth--;
  }
  throw new PgCopyError("a table's definition has no end", { code: "internal" });
}

function defaultRanges(column: ColumnDef, pieces: Pieces, end: number): Range[] {
  if (!pieces.defaults.has(column.colname ?? "")) return [];
  const constraints = constraintsIn(column.constraints);
  const others = [...constraints.map(({ location }) => location), column.collClause?.location];
  return constraints
    .filter(({ contype }) => contype === "CONSTR_DEFAULT")
    .map(({ location: start = 0 }) => {
      const after = others.filter((at): at is number => at !== undefined && at > start);
      return { start, end: Math.min(end, ...after) };
    });
}

function constraintsIn(nodes: readonly Node[] = []): Constraint[] {
  return nodes
    .flatMap((node) => ("Constraint" in node ? [node.Constraint] : []))
    .sort((a, b) => (a.location ?? 0) - (b.location ?? 0));
}

function without(bytes: Buffer, ranges: readonly Range[], from = 0): string {
  let text = "";
  let at = from;
  for (const { start, end } of ranges) {
    text += bytes.toString("utf8", at, start);
    at = end;
  }
  return (text + bytes.toString("utf8", at)).trimEnd();
}
