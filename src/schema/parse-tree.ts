/**
 * PostgreSQL's own parser (libpg-query, WebAssembly), and the little of its tree that is looked at.
 *
 * The tree of a script arrives as one JSON string several times its length, and the parser's memory
 * is bounded, so a large script is parsed in pieces and no tree outlives its piece. A piece ends
 * before something that looks like a heading. Should that lie inside a string or a body, then the
 * piece ends within an open token, the parser says so, and a longer piece is tried: a piece that
 * parses ends between two statements.
 */

import type { AlterTableCmd, Node, ParseResult, RangeVar, RawStmt } from "libpg-query";
import { PgCopyError } from "../errors.js";
import type { RelationName } from "../plan/toc.js";
import { dumpEndedEarly, unreadableScript } from "./script-error.js";
import { endOfGap, headingStart } from "./script-gap.js";
import { loadSqlParser } from "./sql-parser.js";

/** A statement's node, by the name of its type: `{ type: "IndexStmt", node: … }`. */
export type TypedNode = {
  [T in NodeType]: { readonly type: T; readonly node: Extract<Node, Record<T, unknown>>[T] };
}[NodeType];

type NodeType = Node extends infer N ? (N extends N ? keyof N : never) : never;

/** One statement where it stands in the script; all positions are in bytes. */
export interface ParsedStatement {
  readonly tree: TypedNode;
  readonly start: number;
  /** Of its semicolon. */
  readonly end: number;
  /** What is to be added to the locations within the tree. */
  readonly offset: number;
}

/**
 * Bytes of script that are parsed in one go. The parser's memory never shrinks: with pieces of 1 MB
 * the process was 25 MB larger to its end, and no faster.
 */
const pieceBytes = 64 * 1024;

type Parser = (sql: string) => ParseResult;
let parser: Promise<Parser> | undefined;

/**
 * Loads the parser, once. `splitScript` does so itself; calling this early saves the time later on.
 *
 * @throws PgCopyError `internal` when the package is damaged.
 */
export async function loadParser(): Promise<void> {
  await loadedParser();
}

function loadedParser(): Promise<Parser> {
  parser ??= importParser();
  return parser;
}

async function importParser(): Promise<Parser> {
  try {
    return (await loadSqlParser()).parseSync;
  } catch (error) {
    throw new PgCopyError("the SQL parser (libpg-query) could not be loaded", {
      code: "internal",
      attempted: "loading the SQL parser",
      advice: "install pgcopy again",
      cause: error,
    });
  }
}

/**
 * The statements of a script, in order, piece by piece. Other work may run between two pieces.
 *
 * @throws PgCopyError `schema_dump_failed` where the script is no SQL, or its last statement has no end.
 */
export async function* parseScript(script: Buffer): AsyncGenerator<ParsedStatement[]> {
  const parse = await loadedParser();
  let from = 0;
  while (from < script.length) {
    const piece = parsePiece(script, from, parse);
    yield piece.statements;
    from = piece.end;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function parsePiece(
  script: Buffer,
  from: number,
  parse: Parser,
): { statements: ParsedStatement[]; end: number } {
  for (let bytes = pieceBytes; ; bytes *= 2) {
    const cut = script.indexOf(headingStart, from + bytes);
    const end = cut < 0 ? script.length : cut + 1;
    const text = script.toString("utf8", from, end);
    try {
      return { statements: locate(script, from, parse(text).stmts ?? []), end };
    } catch (error) {
      if (end === script.length) throw readable(error, text);
    }
  }
}

/** Where the statements of a piece stand in the script. */
function locate(script: Buffer, from: number, stmts: readonly RawStmt[]): ParsedStatement[] {
  let gap = from;
  return stmts.map((raw) => {
    const start = endOfGap(script, gap);
    const end = from + (raw.stmt_location ?? 0) + (raw.stmt_len ?? 0);
    // Without a length a statement goes on to the end of the text: its semicolon got lost.
    if (raw.stmt === undefined || !raw.stmt_len) throw dumpEndedEarly();
    gap = end + 1;
    return { tree: typedNode(raw.stmt), start, end, offset: from };
  });
}

function readable(error: unknown, text: string): unknown {
  if (!(error instanceof Error) || error instanceof PgCopyError) return error;
  const details = "sqlDetails" in error ? (error.sqlDetails as { cursorPosition?: number }) : {};
  return unreadableScript(error.message, text, details.cursorPosition ?? 0);
}

/** The node without its wrapper. */
function typedNode(node: Node): TypedNode {
  const [type, inner] = Object.entries(node)[0]!;
  return { type, node: inner } as TypedNode;
}

/** The commands of an `alter table`. */
export function commandsOf(commands: readonly Node[] | undefined): AlterTableCmd[] {
  return (commands ?? []).flatMap((node) => ("AlterTableCmd" in node ? [node.AlterTableCmd] : []));
}

/** The relation as a statement writes it; without a schema, that is empty. */
export function relationName(relation: RangeVar | undefined): RelationName {
  return { schema: relation?.schemaname ?? "", name: relation?.relname ?? "" };
}
