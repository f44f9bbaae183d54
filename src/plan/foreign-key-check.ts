/** The queries that count the copied rows which refer to rows that are not copied. Pure. */

import type { Table } from "../catalog/catalog.js";
import type { ForeignKey } from "../catalog/read-foreign-keys.js";
import type { ReferredRowsQueries } from "./referred-rows.js";
import {
  isPeriod,
  keyNames,
  leavesByTable,
  matches,
  ownCondition,
  type RowSets,
} from "./row-sets.js";
import { selectRows, storedExpression } from "./table-rows.js";

export interface ForeignKeyCheck {
  readonly key: ForeignKey;
  readonly table: Table;
  readonly referencedTable: Table;
  /** One row, one column `rows`. */
  readonly sql: string;
  /** Whether a WHERE chooses among the rows of the referenced table. */
  readonly filtered: boolean;
  /** Whether it, or a partition of it, arrives without rows. */
  readonly withoutRows: boolean;
  /** Masked columns of the key, on either side. */
  readonly masked: readonly string[];
  /** Whether one of these masks may give another value each time. */
  readonly volatile: boolean;
  /** Whether the server's message may quote the value of a masked column. */
  readonly confidential: boolean;
}

/** A check for each foreign key that a WHERE, a mask or a table without rows may break. */
export function foreignKeyChecks(
  keys: readonly ForeignKey[],
  sets: RowSets,
  referred: ReferredRowsQueries,
): ForeignKeyCheck[] {
  const { tables, tableRows, withoutRows } = sets;
  const leaves = leavesByTable(tables);
  const byOid = new Map(tables.map((table) => [table.oid, table]));
  const copied = ({ oid }: Table) => !withoutRows.has(oid);
  return keys.flatMap((key): ForeignKeyCheck[] => {
    const table = byOid.get(key.tableOid);
    const referencedTable = byOid.get(key.referencedTableOid);
    if (table === undefined || referencedTable === undefined) return [];
    const referencing = leaves(key.tableOid).filter(copied);
    const all = leaves(key.referencedTableOid);
    const referenced = all.filter(copied);
    const filtered = all.some((one) => tableRows.get(one.oid)?.where !== undefined);
    const whole = all.every(copied) && !filtered;
    const masks = masksOf(key, { referencing, referenced }, tableRows);
    if (referencing.length === 0 || (whole && masks.size === 0)) return [];
    const oids = [...referencing, ...referenced].map(({ oid }) => oid);
    const reads = [...referred.reads(oids)];
    return [
      {
        key,
        table,
        referencedTable,
        sql: referred.with(oids) + checkQuery(key, { referencing, referenced }, sets, referred),
        filtered,
        withoutRows: !all.every(copied),
        masked: [...masks.keys()],
        volatile: [...masks.values()].includes(true),
        confidential: reads.some((oid) => (tableRows.get(oid)?.masks.size ?? 0) > 0),
      },
    ];
  });
}

/** The masked columns of a key, by name, and whether one of the name has a volatile mask. */
function masksOf(
  { columns }: ForeignKey,
  { referencing, referenced }: Ends,
  tableRows: RowSets["tableRows"],
): Map<string, boolean> {
  const masks = new Map<string, boolean>();
  const note = (tables: readonly Table[], name: string): void => {
    for (const { oid } of tables) {
      const mask = tableRows.get(oid)?.masks.get(name);
      if (mask !== undefined) masks.set(name, mask.volatile || masks.get(name) === true);
    }
  };
  for (const column of columns) {
    note(referencing, column.referencing);
    note(referenced, column.referenced);
  }
  return masks;
}

interface Ends {
  readonly referencing: readonly Table[];
  readonly referenced: readonly Table[];
}

function checkQuery(
  key: ForeignKey,
  ends: Ends,
  sets: RowSets,
  referred: ReferredRowsQueries,
): string {
  const names = keyNames(key);
  const rowsOf = (tables: readonly Table[], columns: readonly string[]) =>
    tables.flatMap((table) => copiedRows(table, columns, sets, referred)).join(" union all ");
  const referencing = rowsOf(
    ends.referencing,
    key.columns.map((one) => one.referencing),
  );
  const referenced = rowsOf(
    ends.referenced,
    key.columns.map((one) => one.referenced),
  );
  const found = referenced === "" ? "false" : isFound(key, `(${referenced}) as p (${names})`);
  return `select count(*)::pg_catalog.text as rows from (${referencing}) as c (${names}) where ${isToBeChecked(key)} and not ${found}`;
}

/** With MATCH SIMPLE a null in any column refers to nothing, with MATCH FULL one in all of them. */
function isToBeChecked(key: ForeignKey): string {
  const nulls = key.columns.map((_, i) => `c.k${i + 1} is null`);
  return `not (${nulls.join(key.matchFull ? " and " : " or ")})`;
}

/** A PERIOD may be covered by several rows together. */
function isFound(key: ForeignKey, referenced: string): string {
  const last = key.columns.length - 1;
  const equal = matches(key).filter((_, i) => !isPeriod(key, i));
  const where = equal.length === 0 ? "" : ` where ${equal.join(" and ")}`;
  if (!isPeriod(key, last)) return `exists (select from ${referenced}${where})`;
  const k = `k${last + 1}`;
  return `coalesce((select pg_catalog.range_agg(p.${k}) operator(pg_catalog.@>) c.${k} from ${referenced}${where}), false)`;
}

function copiedRows(
  table: Table,
  columns: readonly string[],
  sets: RowSets,
  referred: ReferredRowsQueries,
): string[] {
  const rows = sets.tableRows.get(table.oid);
  const expressions = columns.map((column) => storedExpression(column, rows));
  const own = selectRows(table, expressions, [ownCondition(rows)]);
  const ids = referred.ids(table.oid);
  return ids === undefined ? [own] : [own, selectRows(table, expressions, [`ctid in (${ids})`])];
}
