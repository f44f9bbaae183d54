/** Collations that the schema names and does not create: they have to be on the target. */

import type { Obstacle } from "../plan/obstacle.js";
import type { RelationName } from "../plan/toc.js";
import type { Connection } from "../postgres/connection.js";
import { displayName } from "../postgres/quote.js";

const missingQuery = `
select w.schema, w.name
from unnest($1::text[], $2::text[]) as w (schema, name)
where not exists (
  select from pg_catalog.pg_collation c
  join pg_catalog.pg_namespace n on n.oid = c.collnamespace
  where n.nspname = w.schema and c.collname = w.name
    and c.collencoding in (-1, pg_catalog.pg_char_to_encoding($3)) and ($4 or n.nspname = 'pg_catalog'))`;

/**
 * Those that are missing. A collation is of one encoding or of all.
 *
 * @param database whether the connection is in the target's database (else that will be made from
 *   template0), and its encoding.
 */
export async function findMissingCollations(
  target: Connection,
  needed: readonly RelationName[],
  database: { readonly exists: boolean; readonly encoding: string },
): Promise<Obstacle[]> {
  if (needed.length === 0) return [];
  const encoding = database.exists
    ? (target.parameters.get("server_encoding") ?? database.encoding)
    : database.encoding;
  const missing = await target.query<{ schema: string; name: string }>(
    "looking for collations",
    missingQuery,
    [needed.map(({ schema }) => schema), needed.map(({ name }) => name), encoding, database.exists],
  );
  if (missing.length === 0) return [];
  const some = missing.length === 1 ? "a collation" : `${missing.length} collations`;
  return [
    {
      message: `the target doesn't have ${some} that the source's objects need`,
      items: missing.map(({ schema, name }) => displayName(schema, name)),
      advice:
        "create them on the target (CREATE COLLATION; for pg_catalog, pg_import_system_collations() once the operating system has them), or go without --skip-collations if that is given",
    },
  ];
}
