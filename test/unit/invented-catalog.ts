/**
 * Catalogs that no server was asked for: of single tables, and of what a schema script says. OIDs
 * are the script's own; what a plan asks of a catalog beyond that (sizes, column types) is ordinary
 * unless a test says otherwise.
 */

import type {
  Catalog,
  ColumnType,
  Constraint,
  Index,
  Sequence,
  Table,
} from "../../src/catalog/catalog.js";
import type { SchemaScript, TocEntry } from "../../src/plan/toc.js";

/** OIDs of built-in types, the same in every PostgreSQL. */
export const INT4 = 23;
export const TEXT = 25;

/** An ordinary table `public.orders` of 100 MB, or what the test makes of it. */
export function inventTable(rest: Partial<Table> = {}): Table {
  const bytes = rest.bytes ?? 100 * 1024 * 1024;
  return {
    oid: 20_000,
    schema: "public",
    name: "orders",
    kind: "table",
    unlogged: false,
    rowsElsewhere: false,
    heap: true,
    bytes,
    toastBytes: 0,
    pages: Math.ceil(bytes / 8192),
    estimatedRows: bytes / 100,
    columns: [
      { name: "id", typeOid: INT4, generated: false },
      { name: "note", typeOid: TEXT, generated: false },
    ],
    integerKey: { column: "id" },
    parents: [],
    partitionOf: undefined,
    readable: true,
    rowSecurityApplies: false,
    populated: true,
    fileNode: 20_000,
    presentFileNode: 20_000,
    ...rest,
  };
}

export function inventType(oid: number, name: string, rest: Partial<ColumnType> = {}): ColumnType {
  return {
    oid,
    name,
    kind: "b",
    elementOid: 0,
    baseOid: 0,
    extension: undefined,
    hasBinaryForm: true,
    ...rest,
  };
}

const builtinTypes = [inventType(INT4, "integer"), inventType(TEXT, "text")];

export function inventCatalog(rest: Partial<Catalog> = {}): Catalog {
  return {
    serverVersion: 160_004,
    database: {
      name: "shop",
      owner: "postgres",
      encoding: "UTF8",
      collate: "C",
      ctype: "C",
      provider: "libc",
      providerLocale: undefined,
      icuRules: undefined,
    },
    tables: [],
    indexes: [],
    constraints: [],
    sequences: [],
    types: new Map(builtinTypes.map((type) => [type.oid, type])),
    refreshDependencies: [],
    hiddenSubscriptions: [],
    largeObjects: {
      count: 0,
      access: "chunks",
      unreadable: { count: 0, oids: [] },
      roles: [],
      ranges: [],
    },
    extensions: [],
    extensionTables: [],
    ...rest,
  };
}

/** What a test says of single tables, by name without schema. */
export type Details = Readonly<Record<string, Partial<Table>>>;

/** The catalog of a source whose schema is this script. */
export function catalogOf(schema: SchemaScript, details: Details = {}): Catalog {
  const tables = tablesOf(schema.entries, details);
  const indexes = indexesOf(schema.entries, tables);
  return inventCatalog({
    tables,
    indexes,
    constraints: constraintsOf(schema.entries, tables, indexes),
    sequences: sequencesOf(schema.entries),
  });
}

const PG_CLASS = 1259;
const name = String.raw`("(?:[^"]|"")+"|\w+)`;
const createRelation = new RegExp(
  String.raw`^create (?:unlogged )?(table|foreign table|materialized view|sequence) ${name}\.${name}`,
  "i",
);

function tablesOf(entries: readonly TocEntry[], details: Details): Table[] {
  const kinds: Readonly<Record<string, Table["kind"]>> = {
    table: "table",
    "foreign table": "foreign",
    "materialized view": "materialized_view",
  };
  const tables = entries.flatMap((entry): Table[] => {
    const sql = entry.statements[0]?.sql ?? "";
    const [, what, schema, table] = createRelation.exec(sql) ?? [];
    const kind = kinds[what?.toLowerCase() ?? ""];
    if (entry.classOid !== PG_CLASS || kind === undefined) return [];
    const partitioned = /\)\s*partition by /i.test(sql);
    return [
      inventTable({
        oid: entry.oid,
        schema: unquoted(schema),
        name: unquoted(table),
        kind: partitioned ? "partitioned" : kind,
        ...details[unquoted(table)],
      }),
    ];
  });
  return tables.map((table) => {
    const parents = parentsOf(table, entries, tables);
    const partitioned = parents.find((oid) =>
      tables.some((one) => one.oid === oid && one.kind === "partitioned"),
    );
    return { ...table, parents, partitionOf: partitioned };
  });
}

/** Of an attached partition its parent, of an inheriting table all of its parents. */
function parentsOf(table: Table, entries: readonly TocEntry[], tables: readonly Table[]): number[] {
  const parents: number[] = [];
  for (const { sql, relations } of entries.flatMap((entry) => entry.statements)) {
    const attached = /^alter table only .* attach partition /i.test(sql);
    const [child, ...others] = attached ? [...relations].reverse() : relations;
    const inherits = /^create table [^;]*\)\s*inherits \(/i.test(sql);
    if (!(attached || inherits) || child?.schema !== table.schema || child.name !== table.name)
      continue;
    for (const parent of others) parents.push(oidOf(parent, tables));
  }
  return parents;
}

function indexesOf(entries: readonly TocEntry[], tables: readonly Table[]): Index[] {
  return entries.flatMap((entry): Index[] => {
    const [statement] = entry.statements;
    const { index, constraint, sql = "" } = statement ?? {};
    const method = /\busing (\w+)/i.exec(sql)?.[1]?.toLowerCase() ?? "btree";
    if (index !== undefined) {
      const plainColumns = !/ where |\(\(/i.test(sql);
      return [
        inventIndex({
          ...index,
          oid: entry.oid,
          tableOid: oidOf(index.relation, tables),
          method,
          partitioned: index.only,
          plainColumns,
        }),
      ];
    }
    if (constraint === undefined) return [];
    const { schema, name: table } = constraint.relation;
    const tableOid = oidOf(constraint.relation, tables);
    return [
      inventIndex({
        oid: entry.oid - 1,
        schema,
        name: constraint.name,
        tableOid,
        unique: constraint.type !== "exclusion",
        method: constraint.withoutOverlaps ? "gist" : method,
        partitioned: tables.some(({ oid, kind }) => oid === tableOid && kind === "partitioned"),
        definition: `CREATE UNIQUE INDEX ${constraint.name} ON ${schema}.${table} USING btree (…)`,
        constraintOid: entry.oid,
      }),
    ];
  });
}

export function inventIndex(rest: Partial<Index>): Index {
  return {
    oid: 30_000,
    schema: "public",
    name: "orders_idx",
    tableOid: 20_000,
    unique: false,
    method: "btree",
    valid: true,
    partitioned: false,
    definition: "",
    bytes: 1024 * 1024,
    constraintOid: undefined,
    plainColumns: true,
    keyColumns: undefined,
    ...rest,
  };
}

/** A foreign key relies on the first unique index of the table that it refers to. */
function constraintsOf(
  entries: readonly TocEntry[],
  tables: readonly Table[],
  indexes: readonly Index[],
): Constraint[] {
  return entries.flatMap((entry): Constraint[] => {
    const { constraint, foreignKey } = entry.statements[0] ?? {};
    const relation = constraint?.relation ?? foreignKey?.relation;
    if (relation === undefined) return [];
    const referencedTableOid =
      foreignKey === undefined ? undefined : oidOf(foreignKey.references, tables);
    const referenced = indexes.find(
      (index) => index.unique && index.tableOid === referencedTableOid,
    );
    return [
      {
        oid: entry.oid,
        tableOid: oidOf(relation, tables),
        referencedTableOid,
        referencedIndexOid: referenced?.oid,
      },
    ];
  });
}

function sequencesOf(entries: readonly TocEntry[]): Sequence[] {
  return entries.flatMap((entry): Sequence[] => {
    const sql = entry.statements[0]?.sql ?? "";
    const identity = new RegExp(String.raw`^alter table [^;]*sequence name ${name}\.${name}`, "i");
    const [, what, schema, sequence] = createRelation.exec(sql) ?? ["", "sequence"];
    const [, identitySchema, identityName] = identity.exec(sql) ?? [];
    if (entry.classOid !== PG_CLASS || what?.toLowerCase() !== "sequence") return [];
    if (sequence === undefined && identityName === undefined) return [];
    return [
      {
        oid: entry.oid,
        schema: unquoted(schema ?? identitySchema),
        name: unquoted(sequence ?? identityName),
        readable: true,
      },
    ];
  });
}

function oidOf(relation: { schema: string; name: string }, tables: readonly Table[]): number {
  const found = tables.find(
    (table) => table.schema === relation.schema && table.name === relation.name,
  );
  if (found === undefined) throw new Error(`no table ${relation.schema}.${relation.name}`);
  return found.oid;
}

function unquoted(written = ""): string {
  return written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written;
}
