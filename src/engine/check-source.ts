/** What must be true of the source's content before any of it is copied. */

import type { Catalog } from "../catalog/catalog.js";
import { PgCopyError } from "../errors.js";
import { relationName } from "../plan/task.js";
import { unfit } from "./check-servers.js";

/**
 * Refuses a source that could be copied only in part. Every object concerned is named.
 *
 * @throws PgCopyError `source_unfit`.
 */
export function refuseIncompleteSource(catalog: Catalog): void {
  const tables = catalog.tables.filter((table) => table.kind !== "foreign");
  refuse(
    tables.filter((table) => !table.readable),
    (count) => `the source's role may not read ${count}`,
    "grant select on them (and usage on their schemas), or connect as a role that has it",
  );
  refuse(
    catalog.sequences.filter((sequence) => !sequence.readable),
    (count) => `the source's role may not read ${count}`,
    "grant select on them, or connect as a role that has it",
    "sequence",
  );
  refuse(
    tables.filter((table) => table.rowSecurityApplies),
    (count) => `row security would hide rows of ${count} from the source's role`,
    "connect as their owner, or as a role with bypassrls",
  );
  refuse(
    [
      // A materialized view's rows are not copied: it is refreshed.
      ...tables.filter(
        (table) => table.kind === "table" && table.fileNode !== table.presentFileNode,
      ),
      ...catalog.extensionTables.filter(({ rewritten }) => rewritten),
    ],
    (count) =>
      `the snapshot no longer shows the rows of ${count}: truncated or rewritten after it was taken`,
    "run it again, with nothing that truncates or rewrites tables meanwhile",
  );
}

function refuse(
  objects: readonly { readonly schema: string; readonly name: string }[],
  message: (count: string) => string,
  advice: string,
  noun = "table",
): void {
  if (objects.length === 0) return;
  const count = objects.length === 1 ? `a ${noun}` : `${objects.length} ${noun}s`;
  throw unfit("source", message(count), { items: objects.map(relationName), advice });
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
