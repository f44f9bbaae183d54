/**
 * What a configuration file may hold, option by option. pgcopy.schema.json and the table in
 * docs/configuration.md are made from this (`npm run docs`); what a value must be is decided by
 * `resolveCloneOptions` alone, and test/unit/config-schema.test.ts holds the two together. The types
 * see to it that no option of `CloneOptions` and no choice of one is missing here.
 */

import { patternKinds } from "../filters/filters.js";
import type { CloneOptions } from "../options/clone-options.js";
import type { ResumeOptions } from "../options/resume-options.js";
import { techniqueNames } from "../techniques.js";

/** A piece of JSON schema, for options that are neither a flag, a number nor text. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What only a program can give. */
type ProgramsOption = "environment" | "signal" | "observer" | "progressIntervalMs";

/** What is said of one run, and no other. */
type OneRunsOption = keyof ResumeOptions;

/** What a configuration file may hold: the library's options under their own names. */
export type ConfigOptions = Partial<Omit<CloneOptions, ProgramsOption | OneRunsOption>>;

export type ConfigName = keyof ConfigOptions;

interface Described {
  /** One or two sentences, in Markdown. */
  readonly description: string;
  /** A default that is no constant, in words. */
  readonly defaultWords?: string;
  /** A value that can be used as it is, for the tests and the documentation. */
  readonly example: unknown;
  /** An option without which this one is refused. */
  readonly needs?: keyof CloneOptions;
  /** How the command line speaks of it; default: its name as a flag, `--table-jobs`. */
  readonly typed?: string;
  /** A path; a relative one counts from the file's directory. */
  readonly isPath?: true;
}

type OptionOf<T> = Described &
  ([T] extends [boolean]
    ? { readonly type: "boolean" }
    : [T] extends [number]
      ? { readonly type: "integer"; readonly minimum: number; readonly default?: number }
      : [string] extends [T]
        ? { readonly type: "string"; readonly pattern?: string }
        : [T] extends [string]
          ? { readonly choices: Readonly<Record<T, string>>; readonly default?: T }
          : {
              readonly schema: JsonSchema;
              /** What a value is, where the schema has no one type. */
              readonly valueWords?: string;
            });

type OptionTable = { readonly [Name in ConfigName]-?: OptionOf<NonNullable<CloneOptions[Name]>> };

/** A list of patterns; one that includes nothing at all would leave nothing. */
function patterns(needed: boolean): JsonSchema {
  const list = { type: "array", items: { type: "string", minLength: 1 } };
  return needed ? { ...list, minItems: 1 } : list;
}

const NOT_BLANK = "\\S";
const endpoint = "a `postgres://` URI, a libpq `key=value` string, or `pgdata:DIR`";

export const optionTable: OptionTable = {
  source: {
    type: "string",
    pattern: NOT_BLANK,
    description: `The database to copy: ${endpoint}.`,
    example: "postgres://reader@old.example.com/shop",
  },
  target: {
    type: "string",
    pattern: NOT_BLANK,
    description: `Where to: ${endpoint}. The database is created if it is missing.`,
    example: "postgres://owner@new.example.com/shop",
  },
  jobs: {
    type: "integer",
    minimum: 1,
    default: 4,
    description: "How many tables are copied, and how many indexes built, at a time.",
    example: 8,
  },
  tableJobs: {
    type: "integer",
    minimum: 1,
    defaultWords: "`jobs`",
    description: "How many tables, or parts of tables, are copied at a time.",
    example: 8,
  },
  indexJobs: {
    type: "integer",
    minimum: 1,
    defaultWords: "`jobs`",
    description: "How many indexes and constraints are built at a time.",
    example: 4,
  },
  threads: {
    schema: {
      anyOf: [
        { type: "integer", minimum: 1 },
        { type: "string", enum: ["auto"] },
      ],
    },
    defaultWords: '`"auto"`',
    valueWords: 'a whole number, at least 1, or `"auto"`',
    description:
      "How many threads move rows; 1 is the main thread alone, `auto` goes by the jobs and the machine's cores.",
    example: 2,
  },
  splitTablesLargerThan: {
    schema: {
      anyOf: [
        { type: "integer", minimum: 64 * 1024 },
        { type: "string", enum: ["auto", "never"] },
      ],
    },
    defaultWords: '`"auto"`',
    valueWords: 'a whole number, at least 65536, `"auto"` or `"never"`',
    description:
      "Larger tables are copied in parts of about this size, in bytes; `auto` chooses those of which parts make the run shorter.",
    example: 1_073_741_824,
  },
  maintenanceWorkMem: {
    type: "integer",
    minimum: 1024 ** 2,
    defaultWords: "the target's own setting, else what each index needs",
    description:
      "The memory that the target takes to build an index or check a foreign key; in bytes, and for each job.",
    example: 67_108_864,
  },
  snapshot: {
    type: "string",
    pattern: "^[0-9A-Fa-f]+(-[0-9A-Fa-f]+)+$",
    defaultWords: "pgcopy's own",
    description: "The id of a snapshot that another session exported and holds.",
    example: "00000003-0000001B-1",
  },
  dropIfExists: {
    type: "boolean",
    description: "Drop objects of the target that are in the way; else they end the run.",
    example: true,
  },
  noOwner: {
    type: "boolean",
    description: "Leave everything owned by the target's role.",
    example: true,
  },
  noAcl: {
    type: "boolean",
    description: "Leave out GRANT, REVOKE and default privileges.",
    example: true,
  },
  noSecurityLabels: {
    type: "boolean",
    description: "Leave out security labels.",
    example: true,
  },
  roles: {
    type: "boolean",
    description: "Create the roles that the source has and the target lacks.",
    example: true,
  },
  noRolePasswords: {
    type: "boolean",
    description:
      "With `roles`: without their passwords, which only a superuser of the source can read.",
    needs: "roles",
    example: true,
  },
  databaseProperties: {
    type: "boolean",
    description:
      "Give an existing target database the source's settings, privileges and comment, too; one that the run creates has them anyway.",
    example: true,
  },
  noTablespaces: {
    type: "boolean",
    description: "Put everything into the target's default tablespace.",
    example: true,
  },
  requirements: {
    schema: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["name", "version"],
        properties: {
          name: { type: "string", pattern: NOT_BLANK },
          version: { type: "string", pattern: NOT_BLANK },
        },
      },
    },
    defaultWords: "the target's default versions",
    description: "Create these extensions in these versions.",
    example: [{ name: "postgis", version: "3.4.2" }],
  },
  skipExtensions: {
    type: "boolean",
    description: "Create no extensions, and copy no rows of their own tables.",
    example: true,
  },
  skipCollations: {
    type: "boolean",
    description: "Create no collations.",
    example: true,
  },
  statistics: {
    choices: {
      copy: "bring the source's, to PostgreSQL 18 or newer",
      analyze: "gather them",
      skip: "neither",
    },
    default: "analyze",
    description: "The planner's statistics of the target.",
    example: "copy",
  },
  skipAnalyze: {
    type: "boolean",
    description: "The same as `statistics`: `skip`.",
    example: true,
  },
  filters: {
    schema: {
      type: "object",
      additionalProperties: false,
      properties: Object.fromEntries(
        Object.entries(patternKinds).map(([name]) => [name, patterns(name.startsWith("include"))]),
      ),
    },
    // Of several flags, the file's among them.
    typed: "filters",
    defaultWords: "everything",
    description: "What is copied, and what is left out: see [filters.md](filters.md).",
    example: { excludeSchemas: ["audit"], excludeTableData: ["public.events"] },
  },
  skipLargeObjects: {
    type: "boolean",
    description: "Leave the large objects behind.",
    example: true,
  },
  where: {
    schema: { type: "object", additionalProperties: { type: "string" } },
    defaultWords: "all rows",
    description: "Copy only the rows for which a condition holds, by `schema.table`.",
    example: { "public.orders": "created_at > now() - interval '30 days'" },
  },
  mask: {
    schema: { type: "object", additionalProperties: { type: "string" } },
    defaultWords: "none",
    description: "Copy an expression in place of a column, by `schema.table.column`.",
    example: { "public.customers.email": "md5(email) || '@example.com'" },
  },
  includeReferenced: {
    type: "boolean",
    description: "Also copy the rows, beyond `where`, that copied rows refer to by foreign keys.",
    example: true,
  },
  verify: {
    choices: {
      count: "the same number of rows",
      checksum: "the same rows",
    },
    defaultWords: "don't",
    description: "Compare source and target before the snapshot is let go.",
    example: "checksum",
  },
  copyFormat: {
    choices: {
      auto: "binary where both ends agree on every column's binary form",
      text: "text for every table",
      binary: "binary, or no copy",
    },
    default: "auto",
    description: "The form in which the rows travel.",
    example: "text",
  },
  pgDump: {
    type: "string",
    isPath: true,
    defaultWords: "the newest local one that fits, else `bundled`",
    description:
      "Path of the pg_dump to read the schema with, or `bundled` for the one within pgcopy.",
    example: "bundled",
  },
  keepGoing: {
    type: "boolean",
    description:
      "After a failure, do all the same what doesn't need what failed, and name all failures at the end: see [faults.md](faults.md#one-thing-fails).",
    example: true,
  },
  retries: {
    type: "integer",
    minimum: 0,
    default: 3,
    description:
      "How often a task is done again that a lost connection, a deadlock or the like has stopped; 0 for never.",
    example: 5,
  },
  retryTimeout: {
    type: "integer",
    minimum: 0,
    default: 300,
    description: "How long a server may be out of reach before the run gives up, in seconds.",
    example: 900,
  },
  rejectDir: {
    type: "string",
    pattern: NOT_BLANK,
    isPath: true,
    defaultWords: "such a row ends the run",
    description:
      "A directory in which rows that the target refuses are set aside: see [rejected-rows.md](rejected-rows.md).",
    example: "rejected",
  },
  rejectLimit: {
    type: "integer",
    minimum: 1,
    defaultWords: "no bound",
    description:
      "With `rejectDir`: more rejected rows in one table, or in one part of it, end the run.",
    needs: "rejectDir",
    example: 1000,
  },
  without: {
    schema: { type: "array", items: { enum: techniqueNames } },
    defaultWords: "none",
    description:
      "Techniques to do without, to measure what each brings or to rule one out: see [performance.md](performance.md#techniques).",
    example: ["freeze"],
  },
  connectTimeout: {
    type: "integer",
    minimum: 0,
    defaultWords: "`PGCONNECT_TIMEOUT`, else 60",
    description:
      "How long opening a connection may take, in seconds, where the endpoint has no `connect_timeout`; 0 for no limit.",
    example: 10,
  },
  stallTimeout: {
    type: "integer",
    minimum: 0,
    default: 300,
    description:
      "After how many seconds without anything moving a server is asked whether it still works on a statement, which is given up if not; 0 for never.",
    example: 600,
  },
};

/** An option as it is typed at the command line, by its name in code: `--table-jobs` for `tableJobs`; a time has a unit there. */
export function typedOption(name: string): string {
  const { typed } = (optionTable as Readonly<Record<string, Described>>)[name] ?? {};
  return (
    typed ??
    `--${name.replace(/Ms$/, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  );
}

export const configNames = Object.keys(optionTable) as readonly ConfigName[];
