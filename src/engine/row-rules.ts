/** `where`, `mask` and `includeReferenced`: from the options to what is copied of each table. */

import type { Catalog } from "../catalog/catalog.js";
import { readColumnCasts } from "../catalog/read-column-casts.js";
import { type ForeignKey, readForeignKeys } from "../catalog/read-foreign-keys.js";
import { PgCopyError } from "../errors.js";
import { type CheckedRule, checkExpressions } from "../load/check-expressions.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import { queriesOfReferredRows, type ReferredRowsQueries } from "../plan/referred-rows.js";
import { atMoment, type RowRule, type RuleProblem } from "../plan/row-rules.js";
import type { RowSets } from "../plan/row-sets.js";
import { enclosed, type Mask, type TableRows } from "../plan/table-rows.js";
import { refuseProblems, resolveRules, type TableRules } from "../plan/table-rules.js";
import type { Connection } from "../postgres/connection.js";
import { parseName } from "../postgres/parse-name.js";
import { ExpressionProblem } from "../schema/expression-nodes.js";
import { parseExpression } from "../schema/parse-expression.js";

/** What is copied of which tables, and what foreign keys have to do with it. */
export interface RowSelection {
  /** Tables with a WHERE or masks, by OID. */
  readonly tableRows: ReadonlyMap<number, TableRows>;
  readonly sets: RowSets;
  /** Empty where no entry was given. */
  readonly foreignKeys: readonly ForeignKey[];
  readonly referred: ReferredRowsQueries;
  readonly includesReferred: boolean;
}

/**
 * Parses the entries of `where` and `mask`; no server is asked.
 *
 * @throws PgCopyError `usage`, with all that is wrong, and where.
 */
export async function parseRowRules(
  options: Pick<ResolvedOptions, "where" | "mask">,
): Promise<RowRule[]> {
  const rules: RowRule[] = [];
  const problems: RuleProblem[] = [];
  for (const kind of ["where", "mask"] as const) {
    for (const [given, text] of Object.entries(options[kind])) {
      const rule = await parseRule(kind, given, text);
      if ("words" in rule) problems.push(rule);
      else rules.push(rule);
    }
  }
  refuseProblems(problems);
  return rules;
}

async function parseRule(
  kind: RowRule["kind"],
  given: string,
  text: string,
): Promise<RowRule | RuleProblem> {
  const [schema, table, column, more] = parseName(given) ?? [];
  const named =
    kind === "where" ? table !== undefined && column === undefined : column !== undefined;
  if (schema === undefined || table === undefined || !named || more !== undefined) {
    const form = kind === "where" ? "schema.table" : "schema.table.column";
    const words = `is no name of the form ${form}; a part that is no plain name stands in double quotes`;
    return { kind, given, words };
  }
  try {
    return { kind, given, schema, table, column, expression: await parseExpression(text) };
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error;
    const { message: words, at } = error;
    return { kind, given, words, ...(at === undefined ? {} : { text, at }) };
  }
}

/**
 * Finds the tables that the entries are for, has the source check every expression, and makes the
 * queries of the rows.
 *
 * @param source in the snapshot's transaction.
 * @param withoutRows tables of which no row is copied, by OID.
 * @throws PgCopyError `usage`, with all that is wrong.
 */
export async function selectTableRows(
  source: Connection,
  catalog: Catalog,
  options: ResolvedOptions,
  withoutRows: ReadonlySet<number>,
): Promise<RowSelection> {
  const { entries, tables } = resolveRules(await parseRowRules(options), catalog);
  const { problems, checked } = await checkExpressions(source, entries);
  const volatile = checked.filter((one) => one.volatile);
  problems.push(...volatile.flatMap((one) => volatileProblem(one, options)));
  refuseProblems(problems);
  const own = await ownRows(
    source,
    [...tables.values()],
    new Set(volatile.map(({ rule }) => rule)),
  );
  const concerned = entries.length > 0 || withoutRows.size > 0;
  const foreignKeys = concerned ? await readForeignKeys(source, catalog.constraints) : [];
  const unread = catalog.tables.filter((table) => table.rowsElsewhere).map(({ oid }) => oid);
  const sets = {
    tables: catalog.tables,
    tableRows: own,
    withoutRows: new Set([...withoutRows, ...unread]),
  };
  const includesReferred = options.includeReferenced;
  const referred = queriesOfReferredRows(includesReferred ? foreignKeys : [], sets);
  const tableRows = new Map(
    [...own].map(([oid, rows]) => [oid, withReferred(oid, rows, referred, own)]),
  );
  return { tableRows, sets: { ...sets, tableRows }, foreignKeys, referred, includesReferred };
}

function volatileProblem({ rule }: CheckedRule, options: ResolvedOptions): RuleProblem[] {
  const { kind, given } = rule;
  if (kind === "where") {
    const words =
      "is volatile: asked again, it may choose other rows. Use functions that are immutable or stable";
    return [{ kind, given, words }];
  }
  if (options.verify !== "checksum") return [];
  const words =
    "is volatile: its values can't be compared by checksum. Use --verify count, or none";
  return [{ kind, given, words }];
}

const momentQuery = "select pg_catalog.now()::text as moment";

async function ownRows(
  source: Connection,
  tables: readonly TableRules[],
  volatile: ReadonlySet<RowRule>,
): Promise<Map<number, TableRows>> {
  if (tables.length === 0) return new Map();
  const [row] = await source.query<{ moment: string }>("reading the snapshot's time", momentQuery);
  const moment = row?.moment ?? "";
  const masked = tables.filter(({ masks }) => masks.size > 0).map(({ table }) => table.oid);
  const casts = new Map(
    (await readColumnCasts(source, masked)).map((cast) => [
      `${cast.tableOid} ${cast.column}`,
      cast,
    ]),
  );
  return new Map(
    tables.map(({ table, where, masks }): [number, TableRows] => {
      const columns = [...masks].map(([column, rule]): [string, Mask] => {
        const { expression } = rule;
        const cast = casts.get(`${table.oid} ${column}`);
        if (cast === undefined)
          throw new PgCopyError(`column ${column} has gone`, { code: "internal" });
        const copied = `cast(${enclosed(atMoment(expression, moment))} as ${cast.type})`;
        const stored = `cast(${copied} as ${cast.storedType})`;
        const mask = { given: expression.text, copied, stored, volatile: volatile.has(rule) };
        return [column, mask];
      });
      const condition =
        where === undefined
          ? undefined
          : { given: where.expression.text, sql: atMoment(where.expression, moment) };
      return [
        table.oid,
        {
          where: condition,
          masks: new Map(columns),
          referred: undefined,
          confidential: masks.size > 0,
        },
      ];
    }),
  );
}

function withReferred(
  oid: number,
  rows: TableRows,
  queries: ReferredRowsQueries,
  own: ReadonlyMap<number, TableRows>,
): TableRows {
  const ids = queries.ids(oid);
  if (ids === undefined) return rows;
  const confidential = [...queries.reads([oid])].some((one) => own.get(one)?.confidential === true);
  return { ...rows, referred: { with: queries.with([oid]), ids }, confidential };
}
