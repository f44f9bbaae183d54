/** What the target gives an index build by itself. */

import type { BuildLimits } from "../plan/index-build.js";
import type { Connection } from "../postgres/connection.js";

/** maintenance_work_mem counts in kB, effective_cache_size in blocks. */
const settingsQuery = `
  select name, setting::pg_catalog.float8 as value, source = 'default' as is_default,
    pg_catalog.current_setting('block_size')::pg_catalog.float8 as block_bytes
  from pg_catalog.pg_settings
  where name in ('maintenance_work_mem', 'max_parallel_maintenance_workers', 'effective_cache_size')`;

/** Reads it on a session of the role and database that the builds will have. */
export async function readBuildLimits(target: Connection): Promise<BuildLimits> {
  const rows = await target.query("reading what the target gives an index build", settingsQuery);
  const setting = (name: string) => rows.find((row) => row.name === name);
  const value = (name: string) => Number(setting(name)?.value ?? 0);
  const isDefault = (name: string) => setting(name)?.is_default === true;
  return {
    memoryBytes: value("maintenance_work_mem") * 1024,
    memoryIsDefault: isDefault("maintenance_work_mem"),
    workers: value("max_parallel_maintenance_workers"),
    workersAreDefault: isDefault("max_parallel_maintenance_workers"),
    cacheBytes: value("effective_cache_size") * Number(rows[0]?.block_bytes ?? 0),
  };
}
