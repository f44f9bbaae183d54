/** The target's extensions: which its database has, which its server could create, and whether the role may. */

import { PgCopyError } from "../errors.js";
import type {
  AvailableExtension,
  ExtensionVersion,
  InstalledExtension,
  TargetExtensions,
} from "../plan/fit-extensions.js";
import type { Obstacle } from "../plan/obstacle.js";
import type { Connection } from "../postgres/connection.js";
import { displayName, quoteLiteral, quoteName } from "../postgres/quote.js";

const doing = "looking at the target's extensions";

const installedQuery = `
select e.extname::text as name, e.extversion as version, n.nspname::text as schema,
       pg_catalog.obj_description(e.oid, 'pg_extension') as comment,
       pg_catalog.pg_has_role(e.extowner, 'usage') as owned,
       pg_catalog.pg_has_role(n.nspowner, 'usage') as "schemaOwned"
from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace`;

/** `trusted` came with PostgreSQL 13. */
function availableQuery(serverVersion: number): string {
  return `
select v.name::text, v.version, v.superuser, ${serverVersion >= 130_000 ? "v.trusted" : "false"} as trusted,
       a.default_version as "defaultVersion", a.comment
from pg_catalog.pg_available_extension_versions v
join pg_catalog.pg_available_extensions a on a.name = v.name
where v.name = any($1::name[])
order by v.name, v.version`;
}

/**
 * Reads them.
 *
 * @param inDatabase whether the connection is in the target database; else that will be made new.
 * @param names those of the source, which alone are looked for.
 */
export async function readTargetExtensions(
  target: Connection,
  inDatabase: boolean,
  names: readonly string[],
): Promise<TargetExtensions> {
  const installed = new Map<string, InstalledExtension>();
  for (const row of inDatabase ? await target.query(doing, installedQuery) : []) {
    const { name, comment, ...rest } = row as { name: string; comment: string | null };
    installed.set(name, {
      ...(rest as Omit<InstalledExtension, "comment">),
      comment: comment ?? undefined,
    });
  }
  const available = new Map<string, AvailableExtension & { versions: ExtensionVersion[] }>();
  for (const row of await target.query(doing, availableQuery(target.serverVersion), [names])) {
    const { name, defaultVersion, comment, ...version } = row as unknown as ExtensionVersion & {
      name: string;
      defaultVersion: string | null;
      comment: string | null;
    };
    const one = available.get(name) ?? {
      defaultVersion: defaultVersion ?? undefined,
      comment: comment ?? undefined,
      versions: [],
    };
    one.versions.push(version);
    available.set(name, one);
  }
  const [role] = await target.query<{ superuser: boolean }>(
    doing,
    "select rolsuper as superuser from pg_catalog.pg_roles where rolname = current_user",
  );
  return { superuser: role?.superuser === true, installed, available };
}

/** The target's schemas by name, and whether its role has their owners' rights. */
export async function readSchemas(target: Connection): Promise<Map<string, { owned: boolean }>> {
  const rows = await target.query<{ name: string; owned: boolean }>(
    "looking at the target's schemas",
    "select nspname::text as name, pg_catalog.pg_has_role(nspowner, 'usage') as owned from pg_catalog.pg_namespace",
  );
  return new Map(rows.map(({ name, owned }) => [name, { owned }]));
}

/**
 * Extensions that the catalog says only a superuser may create. Hosted servers let others do so, too,
 * and don't tell: asking is to try, and to roll back.
 */
export async function findForbiddenExtensions(
  target: Connection,
  doubtful: readonly { readonly name: string; readonly version: string }[],
): Promise<Obstacle[]> {
  const items: string[] = [];
  for (const { name, version } of doubtful) {
    if (await isForbidden(target, name, version)) items.push(`${displayName(name)} ${version}`);
  }
  if (items.length === 0) return [];
  const some = items.length === 1 ? "an extension" : `${items.length} extensions`;
  return [
    {
      message: `the target's role may not create ${some}, which only a superuser may`,
      items,
      advice:
        "have a superuser create them in the target's database, connect as one, or leave extensions to yourself with --skip-extensions",
    },
  ];
}

async function isForbidden(target: Connection, name: string, version: string): Promise<boolean> {
  try {
    await target.execute(
      `trying to create extension ${name}`,
      `begin; create schema pgcopy_probe; set local search_path = pgcopy_probe;
       create extension ${quoteName(name)} version ${quoteLiteral(version)} cascade`,
    );
    return false;
  } catch (error) {
    // All but "permission denied" has to do with where it was tried.
    if (!(error instanceof PgCopyError) || error.server === undefined) throw error;
    return error.server.sqlstate === "42501";
  } finally {
    if (target.usable) await target.execute("rolling back", "rollback");
  }
}
