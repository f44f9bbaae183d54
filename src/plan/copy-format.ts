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

const AN_OID = "is an OID in binary, which means another object on the target, or none";
const NO_MEANING = "means nothing on another server, and its binary form changed in PostgreSQL 13";

/** Built-in types whose binary form is not safe, and why. */
const unsafeBuiltins: ReadonlyMap<string, string> = new Map([
  ...[
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
  ].map((name) => [name, AN_OID] as const),
  ["xml", "gets an encoding declaration in binary that the value does not have"],
  ["record", "carries the OIDs of its columns' types in binary"],
  ["txid_snapshot", NO_MEANING],
  ["pg_snapshot", NO_MEANING],
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
    const rowType = type.kind === "c" || type.kind === "p" ? "record" : type.name;
    const reason = unsafeBuiltins.get(rowType);
    return reason === undefined ? undefined : `${type.name} ${reason}`;
  }
  if (type.kind === "b" && safeExtensions.has(type.extension ?? "")) return undefined;
  if (type.extension !== undefined)
    return `${type.name} of extension ${type.extension} is not known to be safe`;
  return `${type.name} is a user-defined type`;
}
