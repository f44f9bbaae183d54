/** Whether the source's changes could be followed after the clone: logical replication from it. */

import { userObjects } from "../catalog/user-objects.js";
import { relationName } from "../plan/task.js";
import { quoteName, quoteQualified } from "../postgres/quote.js";
import type { Check, ServerContext } from "./context.js";
import { type Found, found, numberOf } from "./finding.js";

const factsQuery = `
select current_setting('wal_level') as "walLevel",
       current_setting('max_replication_slots')::int as "maxSlots",
       (select count(*) from pg_catalog.pg_replication_slots)::int as slots,
       current_setting('max_wal_senders')::int as "maxSenders",
       (select count(*) from pg_catalog.pg_stat_replication)::int as senders,
       (select r.rolsuper or r.rolreplication from pg_catalog.pg_roles r where r.rolname = current_user)
         or exists (select from pg_catalog.pg_roles r where r.rolname = 'rds_replication'
                    and pg_catalog.pg_has_role(r.oid, 'usage')) as "mayReplicate"`;

interface ReplicationFacts extends Record<string, unknown> {
  readonly walLevel: string;
  readonly maxSlots: number;
  readonly slots: number;
  readonly maxSenders: number;
  readonly senders: number;
  readonly mayReplicate: boolean;
}

export const replication: Check<ServerContext> = async ({ followReady, servers, sourceFacts }) => {
  if (!followReady) return [];
  const [facts] = await servers.source.query<ReplicationFacts>(
    "looking at replication",
    factsQuery,
  );
  if (facts === undefined) return [];
  const findings: Found[] = [];
  const find = (title: string, advice: string, statement?: string) =>
    findings.push(
      found("error", "source", title, {
        advice,
        statements: statement === undefined ? [] : [statement],
      }),
    );
  if (facts.walLevel !== "logical")
    find(
      `wal_level of the source is ${facts.walLevel}: changes can't be followed`,
      "set it to logical, which needs a restart; hosted servers have a parameter of their own for it",
      "alter system set wal_level = logical",
    );
  if (facts.slots >= facts.maxSlots)
    find(
      `all ${facts.maxSlots} replication slots of the source are taken`,
      "drop one that nobody uses, or raise max_replication_slots, which needs a restart",
      `alter system set max_replication_slots = ${facts.maxSlots + 10}`,
    );
  if (facts.senders >= facts.maxSenders)
    find(
      `all ${facts.maxSenders} WAL senders of the source are taken`,
      "raise max_wal_senders, which needs a restart",
      `alter system set max_wal_senders = ${facts.maxSenders + 10}`,
    );
  if (!facts.mayReplicate)
    find(
      "the source's role may not replicate",
      "give it the attribute, or what the service has in its place (on Amazon RDS: the role rds_replication)",
      `alter role ${quoteName(sourceFacts.role)} replication`,
    );
  if (sourceFacts.inRecovery && servers.source.serverVersion < 160_000)
    find(
      "the source is a standby, from which changes can be followed since PostgreSQL 16 only",
      "give its primary as the source",
    );
  return findings;
};

/** Neither a key by default, nor an index that was named, nor the whole row. */
const withoutIdentityQuery = `
select n.nspname::text as schema, c.relname::text as name, c.relpersistence = 'u' as unlogged,
       case c.relreplident
            when 'f' then true
            when 'n' then false
            when 'i' then exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisreplident)
            else exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary and i.indisvalid)
       end as identified
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and ${userObjects("c.oid", "n")}
order by 1, 2`;

export const replicaIdentities: Check<ServerContext> = async ({ followReady, servers }) => {
  if (!followReady) return [];
  const rows = await servers.source.query<{
    schema: string;
    name: string;
    unlogged: boolean;
    identified: boolean;
  }>("looking at replica identities", withoutIdentityQuery);
  const unlogged = rows.filter((row) => row.unlogged);
  const nameless = rows.filter((row) => !row.unlogged && !row.identified);
  return [
    ...(nameless.length === 0
      ? []
      : [
          found(
            "error",
            "source",
            `of ${numberOf(nameless.length, "table")} updates and deletes can't be followed: no replica identity`,
            {
              items: nameless.map(relationName),
              advice:
                "give them a primary key, or take the whole row for the identity, which is slow on large tables",
              statements: nameless.map(
                ({ schema, name }) =>
                  `alter table ${quoteQualified(schema, name)} replica identity full`,
              ),
            },
          ),
        ]),
    ...(unlogged.length === 0
      ? []
      : [
          found(
            "warning",
            "source",
            `changes of ${numberOf(unlogged.length, "unlogged table")} can't be followed`,
            {
              items: unlogged.map(relationName),
              advice: "make them logged, which writes them anew, or do without",
              statements: unlogged.map(
                ({ schema, name }) => `alter table ${quoteQualified(schema, name)} set logged`,
              ),
            },
          ),
        ]),
  ];
};
