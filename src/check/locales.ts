/** Encodings, and the rules by which text sorts. */

import { readDatabaseProperties } from "../catalog/database-properties.js";
import { userObjects } from "../catalog/user-objects.js";
import { relationName } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import { quoteName } from "../postgres/quote.js";
import type { Check } from "./context.js";
import { type Found, found, numberOf } from "./finding.js";

/** Rows are handed over in the source's encoding, and the target turns them into its own. */
export const encodings: Check = async ({ servers: { target, targetExists }, catalog }) => {
  const { encoding: from } = catalog.database;
  const to = targetExists ? (await readDatabaseProperties(target)).encoding : from;
  if (from === to) return [];
  if (from === "SQL_ASCII")
    return [
      found(
        "warning",
        "source",
        `the source's text is in no known encoding (SQL_ASCII), the target's is ${to}`,
        {
          advice: `rows whose bytes are not ${to} would fail: copy into a database of encoding SQL_ASCII, or one of the encoding that the text really has`,
        },
      ),
    ];
  if (to === "UTF8" || to === "SQL_ASCII") return [];
  return [
    found("warning", "target", `the target's encoding is ${to}, the source's ${from}`, {
      advice: `rows with characters that ${to} lacks would fail: use a database of encoding UTF8`,
    }),
  ];
};

/** The versions of the database's collation and of every other one that is in use. */
function collationsQuery(serverVersion: number): string {
  const database =
    serverVersion < 150_000
      ? ""
      : `
select null::text as name, d.datcollversion as recorded, pg_catalog.pg_database_collation_actual_version(d.oid) as actual
from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()
union all`;
  return `${database}
select l.oid::pg_catalog.regcollation::text, l.collversion, pg_catalog.pg_collation_actual_version(l.oid)
from pg_catalog.pg_collation l
where l.oid in (select a.attcollation from pg_catalog.pg_attribute a
                join pg_catalog.pg_class c on c.oid = a.attrelid
                join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                where c.relkind in ('r', 'p', 'm') and ${userObjects("c.oid", "n")})
order by 1 nulls first`;
}

interface CollationRow extends Record<string, unknown> {
  /** Null: that of the database. */
  readonly name: string | null;
  readonly recorded: string | null;
  readonly actual: string | null;
}

/** The system's rules changed since the indexes were built: they may be in a wrong order. */
export const collationVersions: Check = async ({ servers }) => {
  const ends = servers.targetExists ? [servers.source, servers.target] : [servers.source];
  const findings: Found[] = [];
  for (const end of ends) {
    const changed = (await readCollations(end)).filter(
      ({ recorded, actual }) => recorded !== null && actual !== null && recorded !== actual,
    );
    if (changed.length > 0) findings.push(changedCollations(end, changed));
  }
  return findings;
};

async function readCollations(end: Connection): Promise<CollationRow[]> {
  // regcollation came with 13, as did the versions of libc's collations.
  if (end.serverVersion < 130_000) return [];
  return await end.query<CollationRow>(
    "looking at versions of collations",
    collationsQuery(end.serverVersion),
  );
}

function changedCollations(
  { side, endpoint }: Connection,
  changed: readonly CollationRow[],
): Found {
  const database = quoteName(endpoint.database);
  const consequence =
    side === "source"
      ? "its indexes may be in a wrong order and unique ones hold duplicates, which the target would refuse"
      : "indexes that it has already may be in a wrong order";
  return found(
    "warning",
    side,
    `the rules by which text sorts have changed under the ${side} (its system was upgraded)`,
    {
      items: changed.map(
        ({ name, recorded, actual }) =>
          `${name === null ? `database ${endpoint.database}` : `collation ${name}`}: ${recorded} then, ${actual} now`,
      ),
      advice: `${consequence}: build its indexes anew, then record the version`,
      statements: [
        `reindex database ${database}`,
        ...changed.map(({ name }) =>
          name === null
            ? `alter database ${database} refresh collation version`
            : `alter collation ${name} refresh version`,
        ),
      ],
    },
  );
}

/** Tables that are partitioned by ranges of text: which partition a row is in depends on how text sorts. */
const textRangesQuery = `
select n.nspname::text as schema, c.relname::text as name
from pg_catalog.pg_partitioned_table p
join pg_catalog.pg_class c on c.oid = p.partrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where p.partstrat = 'r' and ${userObjects("c.oid", "n")}
  and exists (select from pg_catalog.unnest(p.partcollation) as k (oid)
              join pg_catalog.pg_collation l on l.oid = k.oid
              where l.collprovider <> 'b' and coalesce(l.collcollate, '') not in ('C', 'POSIX'))
order by 1, 2`;

export const sortOrders: Check = async ({ servers, catalog }) => {
  const { source, target, targetExists } = servers;
  const difference = targetExists
    ? await differenceOf(source, target, catalog.database)
    : undefined;
  if (difference === undefined) return [];
  const ranges = await source.query<{ schema: string; name: string }>(
    "looking for tables partitioned by text",
    textRangesQuery,
  );
  const findings = [
    found(difference.severity, "target", difference.title, { advice: difference.advice }),
  ];
  if (ranges.length > 0)
    findings.push(
      found(
        "warning",
        "target",
        `${numberOf(ranges.length, "table")} partitioned by ranges of text may have rows that belong into another partition there`,
        {
          items: ranges.map(relationName),
          advice:
            "such rows would fail: create the target database with the source's locale, on a like system",
        },
      ),
    );
  return findings;
};

async function differenceOf(
  source: Connection,
  target: Connection,
  from: {
    readonly provider: string;
    readonly providerLocale: string | undefined;
    readonly collate: string;
  },
) {
  const to = await readDatabaseProperties(target);
  const [there, here] = [to, from].map(
    ({ provider, providerLocale, collate }) => `${provider} ${providerLocale ?? collate}`,
  );
  if (there !== here)
    return {
      severity: "warning" as const,
      title: `the target database sorts text by ${there}, the source by ${here}`,
      advice: "if that is not meant, drop the target database and let the clone create it",
    };
  const [ours, theirs] = await Promise.all([source, target].map(readCollations));
  const [before, now] = [ours, theirs].map(
    (rows) => rows?.find(({ name }) => name === null)?.actual,
  );
  if (before === now || before == null || now == null) return undefined;
  return {
    severity: "info" as const,
    title: `text sorts by other rules on the target: ${here} is of version ${before} on the source, ${now} there`,
    advice: "indexes are built anew on the target and are right; the order of results may change",
  };
}
