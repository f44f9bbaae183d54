/** Settings of the target that cost time, or are dangerous, with the value to set. */

import { quoteName } from "../postgres/quote.js";
import { type Check, type CheckContext, sizesOf } from "./context.js";
import { type Found, found } from "./finding.js";
import { settingSize, size } from "./size.js";

const MB = 1024 ** 2;
const GB = 1024 ** 3;
/** What is copied in seconds needs no settings. */
const SMALL = GB;

const settingsQuery = `
select s.name, s.setting, s.unit
from pg_catalog.pg_settings s
where s.name in ('max_wal_size', 'checkpoint_timeout', 'wal_level', 'max_wal_senders', 'fsync', 'full_page_writes',
                 'maintenance_work_mem', 'shared_buffers', 'autovacuum', 'synchronous_standby_names',
                 'max_parallel_maintenance_workers')`;

/** A size in bytes or a time in seconds where it is one, else the text. */
type Settings = ReadonlyMap<string, string | number>;

const units: Readonly<Record<string, number>> = { "8kB": 8192, kB: 1024, MB, B: 1, s: 1, min: 60 };

async function readSettings({ servers: { target } }: CheckContext): Promise<Settings> {
  const rows = await target.query<{ name: string; setting: string; unit: string | null }>(
    "reading the target's settings",
    settingsQuery,
  );
  return new Map(
    rows.map(({ name, setting, unit }) => {
      const factor = unit === null ? undefined : units[unit];
      return [name, factor === undefined ? setting : Number(setting) * factor];
    }),
  );
}

const reload = "select pg_reload_conf()";

export const targetSettings: Check = async (context) => {
  const settings = await readSettings(context);
  const sizes = sizesOf(context.catalog);
  const bytes = sizes.tables + sizes.indexes;
  return [
    ...dangers(settings),
    ...(bytes < SMALL ? [] : [...checkpoints(settings, bytes), ...memory(context, settings)]),
    ...(bytes < 10 * SMALL ? [] : writeAhead(settings)),
  ];
};

function dangers(settings: Settings): Found[] {
  const findings: Found[] = [];
  if (settings.get("fsync") === "off")
    findings.push(
      found(
        "warning",
        "target",
        "fsync of the target is off: a crash of its machine destroys all its databases",
        {
          advice:
            "good while copying into a server that holds nothing else; turn it on before anybody relies on it",
          statements: ["alter system set fsync = on", reload],
        },
      ),
    );
  if (settings.get("full_page_writes") === "off")
    findings.push(
      found(
        "warning",
        "target",
        "full_page_writes of the target is off: a crash of its machine may damage pages",
        {
          advice:
            "good while copying into a server that holds nothing else; turn it on before anybody relies on it",
          statements: ["alter system set full_page_writes = on", reload],
        },
      ),
    );
  if (settings.get("autovacuum") === "off")
    findings.push(
      found("info", "target", "autovacuum of the target is off", {
        advice:
          "that is no harm to a clone, which gathers statistics itself; turn it on afterwards",
        statements: ["alter system set autovacuum = on", reload],
      }),
    );
  const standbys = settings.get("synchronous_standby_names");
  if (standbys !== undefined && standbys !== "")
    findings.push(
      found(
        "warning",
        "target",
        `the target waits for standbys at the last commit: synchronous_standby_names = ${standbys}`,
        {
          advice:
            "without one of them the clone would wait at its end: see that they are connected",
          statements: ["select application_name, sync_state from pg_stat_replication"],
        },
      ),
    );
  return findings;
}

/** Every checkpoint writes pages that the next rows change again. */
function checkpoints(settings: Settings, bytes: number): Found[] {
  const findings: Found[] = [];
  const wanted = Math.min(Math.max(bytes / 2, 2 * GB), 64 * GB);
  const maxWalSize = Number(settings.get("max_wal_size"));
  if (maxWalSize < wanted)
    findings.push(
      found(
        "info",
        "target",
        `max_wal_size of the target is ${size(maxWalSize)}: copying will force checkpoint after checkpoint`,
        {
          advice: `set it to ${settingSize(wanted)} for the clone, if its disk has as much to spare`,
          statements: [`alter system set max_wal_size = '${settingSize(wanted)}'`, reload],
        },
      ),
    );
  const timeout = Number(settings.get("checkpoint_timeout"));
  if (bytes > 10 * GB && timeout < 900)
    findings.push(
      found(
        "info",
        "target",
        `checkpoint_timeout of the target is ${Math.round(timeout / 60)} min`,
        {
          advice: "set it to 30 min for the clone",
          statements: ["alter system set checkpoint_timeout = '30min'", reload],
        },
      ),
    );
  return findings;
}

/** An index whose sort fits into maintenance_work_mem is not sorted on disk. */
function memory(context: CheckContext, settings: Settings): Found[] {
  const findings: Found[] = [];
  const largest = Math.max(0, ...context.catalog.indexes.map(({ bytes }) => bytes));
  const wanted = Math.min(largest, GB);
  const memory = Number(settings.get("maintenance_work_mem"));
  const { indexJobs } = context.options;
  if (wanted > memory && largest > 64 * MB)
    findings.push(
      found(
        "info",
        "target",
        `maintenance_work_mem of the target is ${size(memory)}; the largest index is of ${size(largest)}`,
        {
          advice: `set it to ${settingSize(wanted)} for the clone's role, if the server has ${indexJobs} times as much memory to spare (one for each index job)`,
          statements: [
            `alter role ${quoteName(context.targetFacts.role)} set maintenance_work_mem = '${settingSize(wanted)}'`,
          ],
        },
      ),
    );
  const buffers = Number(settings.get("shared_buffers"));
  if (buffers < 128 * MB)
    findings.push(
      found("info", "target", `shared_buffers of the target is only ${size(buffers)}`, {
        advice: "set it to a quarter of the machine's memory, which needs a restart",
        statements: ["alter system set shared_buffers = '1GB'"],
      }),
    );
  if (Number(settings.get("max_parallel_maintenance_workers")) === 0 && largest > 64 * MB)
    findings.push(
      found(
        "info",
        "target",
        "max_parallel_maintenance_workers of the target is 0: each index is sorted by one process",
        {
          advice: "set it to 2 for the clone's role, if the server has cores to spare",
          statements: [
            `alter role ${quoteName(context.targetFacts.role)} set max_parallel_maintenance_workers = 2`,
          ],
        },
      ),
    );
  return findings;
}

/** With wal_level = minimal, rows that are loaded into a table truncated in the same transaction are not logged. */
function writeAhead(settings: Settings): Found[] {
  if (settings.get("wal_level") === "minimal") return [];
  return [
    found(
      "info",
      "target",
      `wal_level of the target is ${settings.get("wal_level")}: everything is written twice`,
      {
        advice:
          "a server without standbys, archive and base backups could have minimal during the clone; that takes a restart before and after, and a new base backup",
        statements: [
          "alter system set wal_level = minimal",
          "alter system set max_wal_senders = 0",
        ],
      },
    ),
  ];
}
