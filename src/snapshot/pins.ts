/** What a held snapshot keeps from being vacuumed, as pg_stat_activity shows it. */

import type { SnapshotPins } from "../events.js";
import type { Connection } from "../postgres/connection.js";

const pinsQuery = `
with ours as (
  select min(a.xact_start) as began, max(pg_catalog.age(a.backend_xmin)) as age
  from pg_catalog.pg_stat_activity a where a.pid = any ($1::int[])
), others as (
  select max(age) as age from (
    select pg_catalog.age(a.backend_xmin) as age from pg_catalog.pg_stat_activity a
    where a.datname = pg_catalog.current_database() and a.pid <> all ($1::int[]) and a.pid <> pg_catalog.pg_backend_pid()
      and a.backend_type = 'client backend'
    union all
    select pg_catalog.age(p.transaction) from pg_catalog.pg_prepared_xacts p
    where p.database = pg_catalog.current_database()
  ) o
)
select (extract(epoch from pg_catalog.clock_timestamp() - ours.began) * 1000)::float8 as "heldMs",
       coalesce(ours.age, 0)::float8 as "ageTransactions",
       coalesce(others.age, -1) < coalesce(ours.age, 0) as oldest,
       (select coalesce(sum(s.n_dead_tup), 0)::float8 from pg_catalog.pg_stat_all_tables s) as "deadRows"
from ours, others`;

/** @param processIds of the sessions that hold the snapshot. */
export async function readPins(
  watcher: Connection,
  processIds: readonly number[],
): Promise<SnapshotPins> {
  const [row] = await watcher.query("looking what the snapshot pins", pinsQuery, [processIds]);
  const pins = row as unknown as SnapshotPins;
  return { ...pins, heldMs: Math.round(pins.heldMs) };
}
