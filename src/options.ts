/** What the library's verbs take, and what it becomes once defaults are in and nonsense is out. */

import { PgCopyError } from "./errors.js";
import type { Observer } from "./events.js";
import { type Filters, type ResolvedFilters, resolveFilters } from "./filters/filters.js";
import {
  expressions,
  flag,
  given,
  interval,
  observer,
  oneOf,
  pgDump,
  positive,
  signal,
  snapshotId,
  someOf,
  threads,
  unknownOptions,
  workMemory,
  wrongOption,
} from "./option-values.js";
import type { Environment } from "./run/environment.js";
import { type Technique, techniqueNames } from "./techniques.js";

export type CopyFormatChoice = "auto" | "text" | "binary";
export type VerifyMode = "count" | "checksum";
export type StatisticsMode = "copy" | "analyze" | "skip";

/** An extension, and the version of it that the target is to have. */
export interface ExtensionPin {
  readonly name: string;
  readonly version: string;
}

/** What every verb takes. */
export interface CommonOptions {
  /**
   * Where libpq would read the environment: PGPASSWORD, PGPASSFILE, PGSSLMODE, HOME, … and PATH, to
   * find pg_dump and server binaries. Default: an empty one. The command line passes `process.env`.
   */
  readonly environment?: Environment;
  /** Aborting it stops the work on both servers; the call then throws `interrupted`. */
  readonly signal?: AbortSignal;
}

/** Those that a configuration file can hold are described in config/option-table.ts, too. */
export interface CloneOptions extends CommonOptions {
  /** `postgres://…`, a libpq `key=value` string, or `pgdata:DIR`. */
  readonly source: string;
  /** The same; for `clone` also `null:`, which throws away what is read. */
  readonly target: string;
  /** Sets both pools; default 4. */
  readonly jobs?: number;
  /** How many parts are copied at a time. */
  readonly tableJobs?: number;
  /** How many indexes and constraints are built at a time. */
  readonly indexJobs?: number;
  /**
   * How many threads move rows; 1 is the main thread alone. Default `auto`: by the jobs and this
   * machine's cores, one up to six table jobs.
   */
  readonly threads?: number | "auto";
  /** Tables larger than this are copied in parts of about this size; in bytes; default: never split. */
  readonly splitTablesLargerThan?: number;
  /**
   * How much memory a session on the target takes to build an index or check a foreign key, in bytes.
   * Default: what the target's configuration, database or role sets; else what each index needs.
   */
  readonly maintenanceWorkMem?: number;
  /** The id of a snapshot that another session exported and holds. Default: pgcopy exports one. */
  readonly snapshot?: string;
  /** Drop objects of the target that are in the way; default: refuse. */
  readonly dropIfExists?: boolean;
  /** Leave everything owned by the target's role. */
  readonly noOwner?: boolean;
  /** Leave out GRANT, REVOKE and default privileges. */
  readonly noAcl?: boolean;
  /** Leave out SECURITY LABEL. */
  readonly noSecurityLabels?: boolean;
  /** Create the roles that the source has and the target lacks, as they are; default: they must be there. */
  readonly roles?: boolean;
  /** With `roles`: without their passwords, which only a superuser of the source can read. */
  readonly noRolePasswords?: boolean;
  /** Give a target database that exists the source's settings, privileges, owner, comment and limits; default: tell what differs. */
  readonly databaseProperties?: boolean;
  /**
   * Copy only the rows for which a condition holds, by `schema.table`, which is read as SQL reads it:
   * `{ "public.orders": "created_at > now() - interval '30 days'" }`. One expression over the
   * table's own columns; it also holds for what is below the table, unless that has its own.
   */
  readonly where?: Readonly<Record<string, string>>;
  /**
   * Copy an expression in place of a column, by `schema.table.column`:
   * `{ "public.customers.email": "md5(email) || '@example.com'" }`.
   */
  readonly mask?: Readonly<Record<string, string>>;
  /** Also copy the rows, beyond `where`, that copied rows refer to by foreign keys. Default: don't. */
  readonly includeReferenced?: boolean;
  /** Leave the large objects behind. */
  readonly skipLargeObjects?: boolean;
  /** What is copied and what is left out. Default: everything is copied. */
  readonly filters?: Filters;
  /** The same as `statistics: "skip"`. */
  readonly skipAnalyze?: boolean;
  /**
   * Where the planner's statistics of the target come from. Default `analyze`: ANALYZE. `copy` brings
   * the source's, to a target of PostgreSQL 18 or newer. `skip` leaves the target without.
   */
  readonly statistics?: StatisticsMode;
  /** Create these extensions in these versions. Default: the version that is the target's default. */
  readonly requirements?: readonly ExtensionPin[];
  /** Create no extensions, and leave their configuration tables alone: what needs them must be there. */
  readonly skipExtensions?: boolean;
  /** Create no collations: those that are needed must be there. */
  readonly skipCollations?: boolean;
  /** Put everything into the target's default tablespace. */
  readonly noTablespaces?: boolean;
  /** Compare source and target inside the snapshot, before it is let go. Default: don't. */
  readonly verify?: VerifyMode;
  /** Default `auto`: binary where both ends agree on every column's binary form. */
  readonly copyFormat?: CopyFormatChoice;
  /** Path of a pg_dump, or `bundled` for the WebAssembly one. Default: the newest local one that fits, else the bundled. */
  readonly pgDump?: string;
  /** Techniques to do without: to measure what each brings, or to rule one out. Default: none. */
  readonly without?: readonly Technique[];
  readonly observer?: Observer;
  /** How often `progress` events come, in milliseconds; 0 (the default without an observer) for never. Default 500. */
  readonly progressIntervalMs?: number;
}

/** Those of the clone that is meant: they decide what would be in its way. */
export interface CheckOptions extends CloneOptions {
  /** Also look whether the source's changes could be followed afterwards, by logical replication. */
  readonly followReady?: boolean;
}

export interface ResolvedOptions {
  readonly source: string;
  readonly target: string;
  readonly environment: Environment;
  readonly signal: AbortSignal;
  readonly observer: Observer | undefined;
  readonly progressIntervalMs: number;
  readonly tableJobs: number;
  readonly indexJobs: number;
  readonly threads: number | "auto";
  readonly splitTablesLargerThan: number | undefined;
  readonly maintenanceWorkMem: number | undefined;
  readonly snapshot: string | undefined;
  readonly dropIfExists: boolean;
  readonly noOwner: boolean;
  readonly noAcl: boolean;
  readonly noSecurityLabels: boolean;
  readonly roles: boolean;
  readonly noRolePasswords: boolean;
  readonly databaseProperties: boolean;
  readonly where: Readonly<Record<string, string>>;
  readonly mask: Readonly<Record<string, string>>;
  readonly includeReferenced: boolean;
  readonly skipLargeObjects: boolean;
  readonly filters: ResolvedFilters | undefined;
  /** `statistics` is `skip`. */
  readonly skipAnalyze: boolean;
  readonly statistics: StatisticsMode;
  readonly requirements: readonly ExtensionPin[];
  readonly skipExtensions: boolean;
  readonly skipCollations: boolean;
  readonly noTablespaces: boolean;
  readonly verify: VerifyMode | undefined;
  readonly copyFormat: CopyFormatChoice;
  readonly pgDump: string | undefined;
  readonly without: ReadonlySet<Technique>;
}

const DEFAULT_JOBS = 4;
/** Below this a part's own overhead (a query, a transaction) is more than it saves. */
const SMALLEST_PART_BYTES = 64 * 1024;

/** @throws PgCopyError `usage`, naming the option and what it takes. */
export function resolveCloneOptions(options: CloneOptions): ResolvedOptions {
  if (typeof options !== "object" || options === null) {
    throw new PgCopyError("no options were given", {
      code: "usage",
      advice: "give at least { source, target }",
    });
  }
  refuseUnknownOptions(options);
  const jobs = positive("jobs", options.jobs) ?? DEFAULT_JOBS;
  const split = options.splitTablesLargerThan;
  if (split !== undefined && !(Number.isSafeInteger(split) && split >= SMALLEST_PART_BYTES)) {
    throw wrongOption(
      "splitTablesLargerThan",
      split,
      `a size of at least ${SMALLEST_PART_BYTES / 1024} kB`,
    );
  }
  const statistics = statisticsMode(options);
  return {
    source: given("source", options.source),
    target: given("target", options.target),
    environment: options.environment ?? {},
    signal: signal(options.signal) ?? new AbortController().signal,
    observer: observer(options.observer),
    progressIntervalMs: interval(options.progressIntervalMs) ?? (options.observer ? 500 : 0),
    tableJobs: positive("tableJobs", options.tableJobs) ?? jobs,
    indexJobs: positive("indexJobs", options.indexJobs) ?? jobs,
    threads: threads(options.threads),
    splitTablesLargerThan: split,
    maintenanceWorkMem: workMemory(options.maintenanceWorkMem),
    snapshot: options.snapshot === undefined ? undefined : snapshotId(options.snapshot),
    dropIfExists: flag("dropIfExists", options.dropIfExists),
    noOwner: flag("noOwner", options.noOwner),
    noAcl: flag("noAcl", options.noAcl),
    noSecurityLabels: flag("noSecurityLabels", options.noSecurityLabels),
    roles: flag("roles", options.roles),
    noRolePasswords: noRolePasswords(options),
    databaseProperties: flag("databaseProperties", options.databaseProperties),
    where: expressions("where", "a table", options.where),
    mask: expressions("mask", "a column", options.mask),
    includeReferenced: flag("includeReferenced", options.includeReferenced),
    skipLargeObjects: flag("skipLargeObjects", options.skipLargeObjects),
    filters: resolveFilters(options.filters),
    skipAnalyze: statistics === "skip",
    statistics,
    ...extensionOptions(options),
    skipCollations: flag("skipCollations", options.skipCollations),
    noTablespaces: flag("noTablespaces", options.noTablespaces),
    verify: oneOf("verify", options.verify, ["count", "checksum"]),
    copyFormat: oneOf("copyFormat", options.copyFormat, ["auto", "text", "binary"]) ?? "auto",
    pgDump: pgDump(options.pgDump),
    without: new Set(someOf("without", options.without, techniqueNames)),
  };
}

/** @throws PgCopyError `usage`, as `resolveCloneOptions`. */
export function resolveCheckOptions(options: CheckOptions): {
  readonly resolved: ResolvedOptions;
  readonly followReady: boolean;
} {
  const { followReady, ...ofClone } = options;
  return { resolved: resolveCloneOptions(ofClone), followReady: flag("followReady", followReady) };
}

/** What names objects of one database, or is of one. */
type OfOneDatabase = "snapshot" | "filters" | "where" | "mask" | "includeReferenced";
const ofOneDatabase: readonly OfOneDatabase[] = [
  "snapshot",
  "filters",
  "where",
  "mask",
  "includeReferenced",
];

/** What `cloneAll` and `planAll` take: roles are copied once, and each database has its own snapshot. */
export type AllDatabasesOptions = Omit<CloneOptions, "roles" | OfOneDatabase>;

/** @throws PgCopyError `usage`, naming the option and what it takes. */
export function resolveAllOptions(options: AllDatabasesOptions): ResolvedOptions {
  for (const name of ofOneDatabase) {
    const given = (options as CloneOptions)[name];
    if (given === undefined || given === false) continue;
    throw new PgCopyError(`${name} can be given for one database, and not for all of them`, {
      code: "usage",
      options: [name],
      advice: `leave ${name} out, or copy that database alone`,
    });
  }
  return resolveCloneOptions({ ...options, roles: true });
}

const knownOptions: Readonly<Record<keyof CloneOptions, true>> = {
  source: true,
  target: true,
  environment: true,
  signal: true,
  jobs: true,
  tableJobs: true,
  indexJobs: true,
  threads: true,
  splitTablesLargerThan: true,
  maintenanceWorkMem: true,
  snapshot: true,
  dropIfExists: true,
  noOwner: true,
  noAcl: true,
  noSecurityLabels: true,
  roles: true,
  noRolePasswords: true,
  databaseProperties: true,
  skipAnalyze: true,
  where: true,
  mask: true,
  includeReferenced: true,
  skipLargeObjects: true,
  filters: true,
  statistics: true,
  requirements: true,
  skipExtensions: true,
  skipCollations: true,
  noTablespaces: true,
  verify: true,
  copyFormat: true,
  pgDump: true,
  without: true,
  observer: true,
  progressIntervalMs: true,
};

/** A misspelt `verify` would otherwise be a copy that nobody verified. */
function refuseUnknownOptions(options: CloneOptions): void {
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(knownOptions, name));
  if (unknown.length > 0) throw unknownOptions(unknown, Object.keys(knownOptions));
}

function statisticsMode(options: CloneOptions): StatisticsMode {
  const mode = oneOf("statistics", options.statistics, ["copy", "analyze", "skip"]);
  if (!flag("skipAnalyze", options.skipAnalyze)) return mode ?? "analyze";
  if (mode === undefined || mode === "skip") return "skip";
  throw new PgCopyError(`skipAnalyze contradicts statistics ${mode}`, {
    code: "usage",
    options: ["skipAnalyze", "statistics"],
    advice: "give one of the two; skipAnalyze is another word for statistics skip",
  });
}

function extensionOptions(
  options: CloneOptions,
): Pick<ResolvedOptions, "requirements" | "skipExtensions"> {
  const requirements = extensionPins(options.requirements);
  const skipExtensions = flag("skipExtensions", options.skipExtensions);
  if (skipExtensions && requirements.length > 0) {
    throw new PgCopyError("requirements contradict skipExtensions, which creates no extension", {
      code: "usage",
      options: ["requirements", "skipExtensions"],
      advice: "give one of the two",
    });
  }
  return { requirements, skipExtensions };
}

function extensionPins(value: readonly ExtensionPin[] | undefined): readonly ExtensionPin[] {
  const wanted = 'an array of { "name": …, "version": … }';
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw wrongOption("requirements", value, wanted);
  const versions = new Map<string, string>();
  for (const one of value as readonly (Partial<ExtensionPin> | null)[]) {
    const { name, version } = one ?? {};
    if (typeof name !== "string" || typeof version !== "string" || name === "" || version === "")
      throw wrongOption("requirements", value, wanted);
    const before = versions.get(name) ?? version;
    if (before !== version) {
      throw new PgCopyError(`requirements give two versions of extension ${name}`, {
        code: "usage",
        options: ["requirements"],
        items: [before, version],
      });
    }
    versions.set(name, version);
  }
  return [...versions].map(([name, version]) => ({ name, version }));
}

function noRolePasswords(options: CloneOptions): boolean {
  const without = flag("noRolePasswords", options.noRolePasswords);
  if (!without || options.roles === true) return without;
  throw new PgCopyError("noRolePasswords needs roles", {
    code: "usage",
    options: ["noRolePasswords", "roles"],
    advice: "give both, or neither",
  });
}
