/** Settings and attributes of the target database: asking what would be refused, and applying them. */

import { PgCopyError } from "../errors.js";
import type { AttributeChange } from "../plan/database-attributes.js";
import { parseSetting, setClause } from "../plan/settings.js";
import type { Connection } from "../postgres/connection.js";
import { displayName } from "../postgres/quote.js";
import { tryStatements } from "./try-statements.js";

/**
 * Which settings the target refuses, because its version doesn't know them or its role may not set
 * them. Asked by trying them on that role itself, who may always be altered so, and rolling back.
 *
 * @param settings as `name=value`.
 * @returns the server's reasons, by setting.
 */
export async function findRefusedSettings(
  target: Connection,
  settings: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (settings.length === 0) return new Map();
  const attempted = "trying the source's settings";
  const tries = [...new Set(settings)].map((setting) => ({
    attempted,
    setting,
    sql: `alter role current_user ${setClause(parseSetting(setting))}`,
  }));
  await target.execute(attempted, "begin");
  try {
    const refusals = await tryStatements(target, tries);
    return new Map(refusals.map(({ statement, reason }) => [statement.setting, reason]));
  } finally {
    if (target.usable) await target.execute(attempted, "rollback").catch(() => {});
  }
}

/**
 * Applies the changes, each by itself.
 *
 * @returns what the server refused, in words: a database whose content is there is not lost for the
 *   sake of a comment.
 */
export async function applyAttributes(
  target: Connection,
  changes: readonly AttributeChange[],
): Promise<string[]> {
  if (changes.length === 0) return [];
  const attempted = "applying the database's properties";
  await target.execute(attempted, "begin");
  try {
    const refusals = await tryStatements(
      target,
      changes.map((change) => ({
        attempted: change.attempted,
        sql: change.statements.join(";\n"),
      })),
    );
    await target.execute(attempted, "commit");
    return refusals.map(({ statement, reason }) => `${statement.attempted} was refused: ${reason}`);
  } catch (error) {
    if (target.usable) await target.execute(attempted, "rollback").catch(() => {});
    throw error;
  }
}

const foreignOwnerQuery = `
select pg_catalog.pg_get_userbyid(d.datdba)::text as owner, d.datname::text as name
from pg_catalog.pg_database d
where d.datname = pg_catalog.current_database() and not pg_catalog.pg_has_role(d.datdba, 'usage')`;

/**
 * Why the target's role may not alter the database, in words; undefined if it may. Only the owner's
 * members and superusers may.
 */
async function findForeignOwner(target: Connection): Promise<string | undefined> {
  const [row] = await target.query<{ owner: string; name: string }>(
    "looking up who may alter the database",
    foreignOwnerQuery,
  );
  return row && `${displayName(row.owner)} owns the database ${displayName(row.name)}`;
}

/** @throws PgCopyError `target_unfit` if only another may alter the database. */
export async function refuseForeignDatabase(
  target: Connection,
  differences: readonly string[],
): Promise<void> {
  const owns = differences.length === 0 ? undefined : await findForeignOwner(target);
  if (owns === undefined) return;
  throw new PgCopyError(
    `the target's role may not give the database the source's properties: ${owns}`,
    {
      code: "target_unfit",
      side: "target",
      items: differences,
      advice:
        "nothing was changed; connect as its owner, as a member of it or as a superuser, or go without --database-properties",
    },
  );
}

const rolesQuery = "select rolname::text as name from pg_catalog.pg_roles";

/** Names of all roles of the target. */
export async function readRoleNames(target: Connection): Promise<ReadonlySet<string>> {
  const rows = await target.query<{ name: string }>("reading the target's roles", rolesQuery);
  return new Set(rows.map(({ name }) => name));
}

const tablespaceQuery = `
select pg_catalog.has_tablespace_privilege(t.oid, 'create') as may
from pg_catalog.pg_tablespace t where t.spcname = $1`;

/** Whether the target has the tablespace, and its role may make a database in it. */
export async function findTablespace(
  target: Connection,
  name: string,
): Promise<"usable" | "closed" | "missing"> {
  const [row] = await target.query<{ may: boolean }>(
    "looking for the database's tablespace",
    tablespaceQuery,
    [name],
  );
  if (row === undefined) return "missing";
  return row.may ? "usable" : "closed";
}
