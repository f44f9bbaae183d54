/**
 * Whether the target's server knows the locales of the source. Only its operating system and its ICU
 * know, and no catalog: so each is tried, in a transaction that is rolled back.
 */

import type { DatabaseProperties } from "../catalog/catalog.js";
import { PgCopyError, type ServerReport } from "../errors.js";
import type { SchemaScript } from "../plan/toc.js";
import type { Connection } from "../postgres/connection.js";
import { quoteLiteral, quoteName } from "../postgres/quote.js";

/** The OID of the catalog of collations. */
const PG_COLLATION = 3456;

const schemasQuery = `
select l.oid::bigint::float8 as oid, n.nspname::text as schema
from pg_catalog.pg_collation l
join pg_catalog.pg_namespace n on n.oid = l.collnamespace
where l.oid = any($1::oid[])`;

/** It is there already, or may not be made: other checks tell of that. */
const OTHER_REASONS: readonly string[] = ["42710", "42501"];

/**
 * Refuses collations whose locale, provider or rules the target's server doesn't know.
 *
 * @throws PgCopyError `target_unfit`, naming them with the server's reasons.
 */
export async function refuseUnknownCollations(
  source: Connection,
  target: Connection,
  { entries }: SchemaScript,
): Promise<void> {
  const collations = entries.filter(
    ({ classOid, statements }) =>
      classOid === PG_COLLATION && statements.some(({ creates }) => creates),
  );
  if (collations.length === 0) return;
  const rows = await source.query<{ oid: number; schema: string }>(
    "looking up the source's collations",
    schemasQuery,
    [collations.map(({ oid }) => oid)],
  );
  const schemas = new Map(rows.map(({ oid, schema }) => [oid, schema]));
  const items: string[] = [];
  for (const { oid, title, statements } of collations) {
    const create = statements.find(({ creates }) => creates)?.sql ?? "";
    const schema = quoteName(schemas.get(oid) ?? "public");
    const failure = await tryOut(target, `create schema if not exists ${schema}; ${create}`);
    if (failure !== undefined && !OTHER_REASONS.includes(failure.sqlstate))
      items.push(`${title}: ${failure.message}`);
  }
  if (items.length === 0) return;
  const count = items.length === 1 ? "a collation" : `${items.length} collations`;
  throw new PgCopyError(`the target's server can't make ${count} of the source's`, {
    code: "target_unfit",
    side: "target",
    items,
    advice:
      "nothing was changed; install these locales on the target's system, or give the columns another collation",
  });
}

/**
 * Refuses a database whose locale the target's system doesn't know.
 *
 * @param maintenance a session in another database of the target's server.
 * @throws PgCopyError `target_unfit`.
 */
export async function refuseUnknownLocale(
  maintenance: Connection,
  source: DatabaseProperties,
): Promise<void> {
  // A locale of another encoding would be refused for that alone.
  if (maintenance.parameters.get("server_encoding") !== source.encoding) return;
  const locale = `lc_collate = ${quoteLiteral(source.collate)}, lc_ctype = ${quoteLiteral(source.ctype)}`;
  const failure = await tryOut(maintenance, `create collation pg_temp.pgcopy_probe (${locale})`);
  if (failure === undefined || OTHER_REASONS.includes(failure.sqlstate)) return;
  throw new PgCopyError(
    `the target's server doesn't know the source database's locale: ${failure.message}`,
    {
      code: "target_unfit",
      side: "target",
      advice:
        "nothing was changed; install it on the target's system, or create the database beforehand with another one",
      server: failure,
    },
  );
}

/** What the server says against a statement, of which nothing is left; undefined if it would do it. */
async function tryOut(target: Connection, sql: string): Promise<ServerReport | undefined> {
  try {
    await target.execute("trying out a collation", `begin; ${sql}`);
    return undefined;
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.server === undefined) throw error;
    return error.server;
  } finally {
    if (target.usable) await target.execute("rolling back", "rollback");
  }
}
