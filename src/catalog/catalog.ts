/**
 * The source's catalog as typed objects, read inside the held snapshot so that it agrees with
 * pg_dump's script and with every COPY. `readCatalog` runs a handful of set-based queries, one
 * after the other on one session: their number doesn't depend on the number of tables.
 */

import type { LargeObjects } from "./large-objects.js";

/** How a type's values are stored in COPY's binary format, as far as two databases may differ on it. */
export interface ColumnType {
  readonly oid: number;
  /** `schema.name`, as format_type shows it. */
  readonly name: string;
  /** `b`ase, `c`omposite, `d`omain, `e`num, `p`seudo, `r`ange, `m`ultirange. */
  readonly kind: string;
  /** The element type's OID of an array, else 0. */
  readonly elementOid: number;
  /** The base type's OID of a domain, else 0. */
  readonly baseOid: number;
  /** The extension that the type belongs to. */
  readonly extension: string | undefined;
  readonly hasBinaryForm: boolean;
}

export interface Column {
  readonly name: string;
  readonly typeOid: number;
  /** Its values are computed by the target itself. */
  readonly generated: boolean;
  /** STORAGE EXTERNAL: its large values are not compressed. Absent: they may be. */
  readonly external?: boolean;
}

/** A column that parts can be cut along: an integer, unique and never null. */
export interface IntegerKey {
  readonly column: string;
}

export interface Table {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: "table" | "partitioned" | "foreign" | "materialized_view";
  readonly unlogged: boolean;
  /** Unlogged, on a standby: its rows are on the primary only. */
  readonly rowsElsewhere: boolean;
  /** Whether its access method is heap: only then do ctid ranges mean blocks. */
  readonly heap: boolean;
  /** Bytes of the main fork and of its TOAST table. */
  readonly bytes: number;
  /** Those of `bytes` that are the TOAST table's. */
  readonly toastBytes: number;
  /** Blocks of the main fork now. */
  readonly pages: number;
  /** The planner's estimate; -1 when never analyzed. */
  readonly estimatedRows: number;
  readonly columns: readonly Column[];
  readonly integerKey: IntegerKey | undefined;
  /** Tables that it inherits from or is a partition of. */
  readonly parents: readonly number[];
  /** The partitioned table that it is a partition of, if it is one. */
  readonly partitionOf: number | undefined;
  readonly readable: boolean;
  /** Row security that would hide rows from the connected role. */
  readonly rowSecurityApplies: boolean;
  /** Materialized views: whether it holds data. */
  readonly populated: boolean;
  /** pg_relation_filenode as the snapshot sees it; 0 for what has no file. A rewrite or TRUNCATE changes it. */
  readonly fileNode: number;
  /** The same as it is now. */
  readonly presentFileNode: number;
  /** Filters leave its rows out: there is nothing to copy, and nothing to compare. */
  readonly arrivesEmpty?: boolean;
}

export interface Index {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly tableOid: number;
  readonly unique: boolean;
  readonly method: string;
  /** Whether it is usable; an invalid one on a plain table is what a failed build left behind. */
  readonly valid: boolean;
  readonly partitioned: boolean;
  /** pg_get_indexdef's statement. */
  readonly definition: string;
  readonly bytes: number;
  readonly constraintOid: number | undefined;
  /** Whether it has neither expressions nor a predicate. */
  readonly plainColumns: boolean;
  /** The numbers of its key columns, if a foreign key could refer to it; else undefined. */
  readonly keyColumns: readonly number[] | undefined;
}

export interface Constraint {
  readonly oid: number;
  readonly tableOid: number;
  /** For a foreign key, the table that it refers to. */
  readonly referencedTableOid: number | undefined;
  /** Of a foreign key: the unique index of the other table that it relies on. */
  readonly referencedIndexOid: number | undefined;
}

export interface Sequence {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly readable: boolean;
}

/** `dependent` is a materialized view that reads, directly or through views, `referenced`. */
export interface RefreshDependency {
  readonly dependent: number;
  readonly referenced: number;
}

/** How the source's database was made: what CREATE DATABASE needs for one like it. */
export interface DatabaseProperties {
  readonly name: string;
  readonly owner: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  readonly provider: "libc" | "icu" | "builtin";
  readonly providerLocale: string | undefined;
  readonly icuRules: string | undefined;
}

/** An extension of the source. */
export interface Extension {
  readonly oid: number;
  readonly name: string;
  readonly version: string;
  readonly schema: string;
  readonly schemaOid: number;
  readonly comment: string | undefined;
}

/** A configuration table of an extension (pg_extension_config_dump), or a sequence of the same kind. */
export interface ExtensionTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly extension: string;
  readonly kind: "table" | "sequence";
  /** `WHERE …`, as the extension gave it: which rows are the user's. Empty for all. */
  readonly condition: string;
  /** Its columns, without generated ones. */
  readonly columns: readonly string[];
  /** Tables that its foreign keys refer to, itself not among them. */
  readonly references: readonly number[];
  readonly bytes: number;
  /** Why the connected role can't read the user's rows; undefined where it can. */
  readonly unreadable: string | undefined;
  /** pg_relation_filenode as the snapshot sees it. */
  readonly fileNode: number;
  /** Truncated or rewritten since the snapshot, which then no longer shows its rows. */
  readonly rewritten: boolean;
}

export interface Catalog {
  readonly serverVersion: number;
  readonly database: DatabaseProperties;
  readonly tables: readonly Table[];
  readonly indexes: readonly Index[];
  readonly constraints: readonly Constraint[];
  readonly sequences: readonly Sequence[];
  readonly types: ReadonlyMap<number, ColumnType>;
  readonly refreshDependencies: readonly RefreshDependency[];
  /** Subscriptions that pg_dump leaves out, since the role is no superuser. */
  readonly hiddenSubscriptions: readonly string[];
  readonly largeObjects: LargeObjects;
  readonly extensions: readonly Extension[];
  /** Tables of extensions that hold rows of the user's, and their sequences. */
  readonly extensionTables: readonly ExtensionTable[];
}
