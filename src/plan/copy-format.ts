/**
 * Binary or text, decided per table. Binary costs the servers 40 % less (docs/performance.md), and
 * is right only where both ends agree on every column's binary form. Where they might not, a COPY
 * may succeed and store wrong values: a regclass is a bare OID in binary, which means another table,
 * or none, on the target.
 */

import type { Catalog, ColumnType, Table } from "../catalog/catalog.js";

export interface CopyFormat {
  readonly format: "text" | "binary";
  /** For the report: why it is this one. */
  readonly reason: string;
}

/** User-defined objects have OIDs from here on; below, OIDs are the same on every server. */
const FIRST_USER_OID = 16_384;

/** Built-in types whose binary form is an OID of this database, or depends on the session. */
const unsafeBuiltins = new Set([
  "regproc",
  "regprocedure",
  "regoper",
  "regoperator",
  "regclass",
  "regcollation",
  "regtype",
  "regrole",
  "regnamespace",
  "regconfig",
  "regdictionary",
  // xml_send writes an encoding declaration that the value did not have
  "xml",
  // a record carries the OIDs of its columns' types
  "record",
  // visibility of transactions means nothing on another server, and the formats changed in 13
  "txid_snapshot",
  "pg_snapshot",
]);

/** Extensions whose types' binary forms hold no OIDs and did not change between their releases. */
const safeExtensions = new Set(["citext", "hstore", "vector"]);

/** The format for one table, as `auto` chooses it. */
export function chooseFormat(
  table: Table,
  catalog: Pick<Catalog, "types" | "database">,
  choice: "auto" | "text" | "binary",
): CopyFormat {
  if (choice === "text") return { format: "text", reason: "asked for" };
  if (catalog.database.encoding !== "UTF8") {
    // Binary strings are converted through the session's encoding; COPY's ENCODING is for text only.
    return { format: "text", reason: `the source's encoding is ${catalog.database.encoding}` };
  }
  for (const column of table.columns) {
    if (column.generated) continue;
    const reason = unsafeBecause(column.typeOid, catalog.types);
    if (reason !== undefined) return { format: "text", reason: `column ${column.name}: ${reason}` };
  }
  return { format: "binary", reason: "every column's binary form is the same on both ends" };
}

function unsafeBecause(oid: number, types: ReadonlyMap<number, ColumnType>): string | undefined {
  const type = types.get(oid);
  if (type === undefined) return `type ${oid} is not known`;
  if (!type.hasBinaryForm) return `${type.name} has no binary form`;
  if (type.baseOid !== 0) return unsafeBecause(type.baseOid, types);
  if (type.elementOid !== 0) {
    return type.elementOid < FIRST_USER_OID
      ? unsafeBecause(type.elementOid, types)
      : `${type.name} carries its element type's OID`;
  }
  if (type.kind === "e") return undefined; // an enum's binary form is its label
  if (oid < FIRST_USER_OID) {
    return unsafeBuiltins.has(type.name) || type.kind === "c" || type.kind === "p"
      ? `${type.name} is stored as an OID or by the session's settings`
      : undefined;
  }
  if (type.kind === "b" && safeExtensions.has(type.extension ?? "")) return undefined;
  if (type.extension !== undefined)
    return `${type.name} of extension ${type.extension} is not known to be safe`;
  return `${type.name} is a user-defined type`;
}
