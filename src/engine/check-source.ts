/** What must be true of the source's content before any of it is copied. */

import type { Catalog, Table } from "../catalog/catalog.js";
import { PgCopyError } from "../errors.js";
import { describeLargeObjects } from "../load/check-large-objects.js";
import { relationName } from "../plan/task.js";
import { quoteName, quoteQualified } from "../postgres/quote.js";
import { unfit } from "./check-servers.js";

/**
 * Refuses a source that could be copied only in part. Every object concerned is named.
 *
 * @throws PgCopyError `source_unfit`.
 */
export function refuseIncompleteSource(catalog: Catalog, role: string): void {
  const [first] = incompleteSource(catalog, role);
  if (first !== undefined) throw first;
}

/** All for which a source is refused that could be copied only in part. */
export function incompleteSource(catalog: Catalog, role: string): PgCopyError[] {
  const tables = catalog.tables.filter((table) => table.kind !== "foreign");
  return [
    refusal(
      tables.filter((table) => !table.readable),
      (count) => `the source's role may not read ${count}`,
      "grant select on them (and usage on their schemas), or connect as a role that has it",
      { statements: (objects) => grants(objects, "table", role) },
    ),
    refusal(
      catalog.sequences.filter((sequence) => !sequence.readable),
      (count) => `the source's role may not read ${count}`,
      "grant select on them, or connect as a role that has it",
      { noun: "sequence", statements: (objects) => grants(objects, "sequence", role) },
    ),
    unreadableLargeObjects(catalog),
    refusal(
      tables.filter((table) => table.rowSecurityApplies && !table.arrivesEmpty),
      (count) => `row security would hide rows of ${count} from the source's role`,
      "connect as their owner, or as a role with bypassrls",
      { statements: () => [`alter role ${quoteName(role)} bypassrls`] },
    ),
    refusal(
      // A materialized view's rows are not copied: it is refreshed.
      [
        ...tables.filter(
          (table) =>
            table.kind === "table" &&
            table.fileNode !== table.presentFileNode &&
            !table.arrivesEmpty,
        ),
        ...catalog.extensionTables.filter(({ rewritten }) => rewritten),
      ],
      (count) =>
        `the snapshot no longer shows the rows of ${count}: truncated or rewritten after it was taken`,
      "run it again, with nothing that truncates or rewrites tables meanwhile",
    ),
  ].filter((error) => error !== undefined);
}

function unreadableLargeObjects({ largeObjects }: Catalog): PgCopyError | undefined {
  const { count, oids } = largeObjects.unreadable;
  if (count === 0) return undefined;
  const objects = count === 1 ? "a large object" : `${count} large objects`;
  return unfit("source", `the source's role may not read ${objects}`, {
    items: describeLargeObjects(oids, count),
    advice:
      "connect as their owner or a superuser, grant select on large object … (or on pg_catalog.pg_largeobject, which has all of them) to it, or leave them out with --skip-large-objects",
  });
}

type Named = Pick<Table, "schema" | "name">;

function refusal(
  objects: readonly Named[],
  message: (count: string) => string,
  advice: string,
  {
    noun = "table",
    statements = () => [],
  }: { noun?: string; statements?: (objects: readonly Named[]) => string[] } = {},
): PgCopyError | undefined {
  if (objects.length === 0) return undefined;
  const count = objects.length === 1 ? `a ${noun}` : `${objects.length} ${noun}s`;
  return unfit("source", message(count), {
    items: objects.map(relationName),
    statements: statements(objects),
    advice,
  });
}

/** One statement for all objects of a schema that are concerned, after one for the schemas. */
function grants(objects: readonly Named[], noun: string, role: string): string[] {
  const bySchema = new Map<string, string[]>();
  for (const { schema, name } of objects) {
    const names = bySchema.get(schema) ?? [];
    names.push(quoteQualified(schema, name));
    bySchema.set(schema, names);
  }
  const schemas = [...bySchema.keys()].map(quoteName).join(", ");
  return [
    `grant usage on schema ${schemas} to ${quoteName(role)}`,
    ...[...bySchema.values()].map(
      (names) => `grant select on ${noun} ${names.join(", ")} to ${quoteName(role)}`,
    ),
  ];
}

/**
 * In a database whose encoding is SQL_ASCII, names and definitions may hold any bytes. Nobody knows
 * which characters they are, so they can't be read as UTF-8; the server says so.
 */
export function explainBytes(error: unknown): unknown {
  if (!(error instanceof PgCopyError)) return error;
  const said =
    error.server?.sqlstate === "22021" || /byte sequence for encoding/.test(error.message);
  if (!said) return error;
  return new PgCopyError(
    `the names or definitions of the source's objects hold bytes that are not UTF-8: ${error.message}`,
    {
      code: "source_unfit",
      side: "source",
      advice:
        "rename such objects, and write their defaults, comments, labels and functions anew; rows may hold any bytes",
      cause: error,
      ...(error.server === undefined ? {} : { server: error.server }),
    },
  );
}
