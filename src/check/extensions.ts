/** Whether the target has the source's extensions, and its role may create them. */

import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import { quoteName } from "../postgres/quote.js";
import type { Check } from "./context.js";
import { found, numberOf } from "./finding.js";

const sourceQuery = `
select e.extname::text as name, e.extversion as version
from pg_catalog.pg_extension e where e.extname <> 'plpgsql' order by 1`;

/** Trusted extensions came with PostgreSQL 13. */
function availableQuery(serverVersion: number): string {
  const trusted = serverVersion >= 130_000 ? "v.trusted" : "false";
  return `
select a.name::text as name, a.default_version as version, a.installed_version as installed,
       coalesce((select v.superuser and not ${trusted} from pg_catalog.pg_available_extension_versions v
                 where v.name = a.name and v.version = a.default_version), false) as "superusersOnly"
from pg_catalog.pg_available_extensions a
where a.name = any($1::text[])`;
}

interface Available extends Record<string, unknown> {
  readonly name: string;
  readonly version: string;
  readonly installed: string | null;
  readonly superusersOnly: boolean;
}

export const extensions: Check = async ({ servers: { source, target, targetExists } }) => {
  const wanted = await source.query<{ name: string; version: string }>(
    "reading the source's extensions",
    sourceQuery,
  );
  const rows = await target.query<Available>(
    "looking for the source's extensions on the target",
    availableQuery(target.serverVersion),
    [wanted.map(({ name }) => name)],
  );
  const available = new Map(rows.map((row) => [row.name, row]));
  const missing = wanted.filter(({ name }) => !available.has(name));
  const isThere = ({ installed }: Available) => targetExists && installed !== null;
  const closed = await whichRefused(
    target,
    rows.filter((row) => row.superusersOnly && !isThere(row)).map(({ name }) => name),
  );
  const others = wanted.flatMap(({ name, version }) => {
    const there = available.get(name);
    if (there === undefined) return [];
    const will = isThere(there) ? there.installed : there.version;
    return will === version ? [] : [`${name}: ${version} on the source, ${will} on the target`];
  });
  return [
    ...(missing.length === 0
      ? []
      : [
          found(
            "error",
            "target",
            `the target's server lacks ${numberOf(missing.length, "extension")}`,
            {
              items: missing.map(({ name, version }) => `${name} ${version}`),
              advice:
                "install the packages that bring them on the target's server, or drop them on the source",
            },
          ),
        ]),
    ...(closed.length === 0
      ? []
      : [
          found(
            "error",
            "target",
            `the target's role may not create ${numberOf(closed.length, "extension")}`,
            {
              items: closed,
              advice: "let a superuser create them in the target database beforehand",
              statements: closed.map((name) => `create extension ${quoteName(name)}`),
            },
          ),
        ]),
    ...(others.length === 0
      ? []
      : [
          found(
            "info",
            "target",
            `${numberOf(others.length, "extension")} will be of another version`,
            {
              items: others,
              advice: "read what changed between these versions",
            },
          ),
        ]),
  ];
};

/** On hosted servers others than superusers may create some: asking the server is to try. */
async function whichRefused(target: Connection, names: readonly string[]): Promise<string[]> {
  const [row] = await target.query<{ superuser: boolean }>(
    "looking up the target's role",
    "select current_setting('is_superuser') = 'on' as superuser",
  );
  if (names.length === 0 || row?.superuser === true) return [];
  const refused: string[] = [];
  for (const name of names) {
    try {
      // With the empty search_path of our sessions it would have no schema to go to.
      await target.execute(
        "trying to create an extension",
        `begin; set local search_path = public; create extension ${quoteName(name)} cascade`,
      );
    } catch (error) {
      if (!(error instanceof PgCopyError) || error.server === undefined) throw error;
      if (error.server.sqlstate === "42501") refused.push(name);
    } finally {
      if (target.usable) await target.execute("rolling back", "rollback");
    }
  }
  return refused;
}
