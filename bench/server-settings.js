// @ts-check
/** The servers' settings: those that the benchmark's own have, and those that are shown of all. */

/**
 * For embedded servers: large enough that no checkpoint falls into a run, and otherwise as
 * PostgreSQL comes, fsync included. Autovacuum is off on every server that pgcopy starts.
 */
export const embeddedSettings = {
  shared_buffers: "512MB",
  max_wal_size: "8GB",
  checkpoint_timeout: "30min",
};

/** What is printed of both servers. */
export const shownSettings = [
  "shared_buffers",
  "maintenance_work_mem",
  "max_wal_size",
  "checkpoint_timeout",
  "wal_level",
  "fsync",
  "full_page_writes",
  "synchronous_commit",
  "autovacuum",
  "max_parallel_maintenance_workers",
  "max_worker_processes",
  "max_connections",
  "max_locks_per_transaction",
];
