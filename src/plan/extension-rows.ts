/**
 * The rows that users keep in extensions' configuration tables (PostGIS' spatial_ref_sys, pg_cron's
 * cron.job). All of them are one task and one transaction: they are few, may refer to each other,
 * and come before all else, because a generated column, an index or a check that calls one of the
 * extension's functions may read them.
 */

import type { ExtensionTable } from "../catalog/catalog.js";
import { copyCost } from "./cost.js";
import { type CloneTask, newTask, PRE_DATA, relationName } from "./task.js";

/** The task; undefined where there is nothing to copy. */
export function extensionRowsTask(tables: readonly ExtensionTable[]): CloneTask | undefined {
  const readable = inOrderOfReferences(tables.filter(({ unreadable }) => unreadable === undefined));
  const [first] = readable;
  if (first === undefined) return undefined;
  const more = readable.length === 1 ? "" : ` and ${readable.length - 1} more tables of extensions`;
  const bytes = readable.reduce((sum, table) => sum + table.bytes, 0);
  return newTask("extension-rows", "copy", `COPY ${relationName(first)}${more}`, {
    needs: [PRE_DATA],
    cost: copyCost(bytes),
    work: { do: "extension_rows", tables: readable },
    bytes,
  });
}

/**
 * A table that others refer to comes before them. In a circle one of them is first all the same: its
 * rows arrive only if the foreign key is deferrable, as with pg_dump.
 */
export function inOrderOfReferences(tables: readonly ExtensionTable[]): ExtensionTable[] {
  const byOid = new Map(tables.map((table) => [table.oid, table]));
  const order = new Set<ExtensionTable>();
  const open = new Set<number>();
  const visit = (table: ExtensionTable): void => {
    if (order.has(table) || open.has(table.oid)) return;
    open.add(table.oid);
    for (const oid of table.references) {
      const referenced = byOid.get(oid);
      if (referenced !== undefined) visit(referenced);
    }
    order.add(table);
  };
  for (const table of tables) visit(table);
  return [...order];
}
