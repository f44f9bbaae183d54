/**
 * The commands and their options, as commander knows them. What a command does is passed in, so that
 * the help can be printed (and the documentation generated) without any of it.
 */

import { Argument, Command, Option } from "commander";
import { type Technique, techniqueNames } from "../techniques.js";
import { type FilterFlags, withFilterOptions } from "./filter-options.js";
import {
  type CommandName,
  commandHelp,
  examplesText,
  exitCodesText,
  HELP_COLUMNS,
  programHelp,
} from "./help-text.js";
import {
  collectExpression,
  parseCount,
  parseSize,
  parseTechniques,
  parseThreads,
  parseWorkMemory,
} from "./option-values.js";
import type { ViewOptions } from "./view.js";

/** The options of clone and plan, as they are parsed. */
export interface CopyFlags extends ViewOptions, FilterFlags {
  readonly jobs?: number;
  readonly tableJobs?: number;
  readonly indexJobs?: number;
  readonly threads?: number | "auto";
  readonly splitTablesLargerThan?: number;
  readonly maintenanceWorkMem?: number;
  readonly snapshot?: string;
  readonly dropIfExists?: boolean;
  /** commander's way with options that begin with --no: true unless they are given. */
  readonly owner: boolean;
  readonly acl: boolean;
  readonly securityLabels: boolean;
  readonly allDatabases?: boolean;
  readonly roles?: boolean;
  /** As with owner and acl. */
  readonly rolePasswords: boolean;
  readonly databaseProperties?: boolean;
  readonly skipAnalyze?: boolean;
  readonly where?: Readonly<Record<string, string>>;
  readonly mask?: Readonly<Record<string, string>>;
  readonly includeReferenced?: boolean;
  readonly skipLargeObjects?: boolean;
  readonly statistics?: "copy" | "analyze" | "skip";
  /** A file. */
  readonly requirements?: string;
  readonly skipExtensions?: boolean;
  readonly skipCollations?: boolean;
  /** As with --no-owner. */
  readonly tablespaces: boolean;
  readonly verify?: "count" | "checksum";
  readonly copyFormat?: "auto" | "text" | "binary";
  readonly pgDump?: string;
  readonly without?: readonly Technique[];
  /** clone only. */
  readonly report?: string;
  /** `false`: --no-config. */
  readonly config?: string | false;
}

export interface CompareSchemaFlags extends ViewOptions {
  /** As in `CopyFlags`. */
  readonly owner: boolean;
  readonly acl: boolean;
  readonly pgDump?: string;
}

export interface CompareDataFlags extends ViewOptions {
  readonly jobs?: number;
  readonly limit?: number;
  readonly showValues?: boolean;
}

export interface CheckFlags extends CopyFlags {
  readonly followReady?: boolean;
}

export interface DemoFlags extends ViewOptions {
  readonly report?: string;
  readonly rows?: number;
  readonly keep?: boolean;
}

/** How many orders the demo makes up. It then takes some ten seconds on two cores. */
export const DEMO_ORDERS = 150_000;

export const LIST_KINDS = ["tables", "indexes", "sequences", "extensions", "databases"] as const;

/** What the commands do. */
export interface Actions {
  clone(endpoints: readonly string[], flags: CopyFlags): Promise<void>;
  plan(endpoints: readonly string[], flags: CopyFlags): Promise<void>;
  compareSchema(endpoints: readonly string[], flags: CompareSchemaFlags): Promise<void>;
  compareData(endpoints: readonly string[], flags: CompareDataFlags): Promise<void>;
  check(endpoints: readonly string[], flags: CheckFlags): Promise<void>;
  list(
    kind: (typeof LIST_KINDS)[number],
    source: string | undefined,
    flags: ViewOptions,
  ): Promise<void>;
  ping(endpoint: string | undefined, flags: ViewOptions): Promise<void>;
  demo(flags: DemoFlags): Promise<void>;
}

export function createProgram(version: string, actions: Actions): Command {
  const program = new Command("pgcopy")
    .description(unfolded(programHelp.description))
    .usage("COMMAND [options]")
    .version(version, "--version", "show the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [COMMAND]", "show the help of a command")
    .configureHelp({ helpWidth: HELP_COLUMNS, showGlobalOptions: false })
    .addHelpText("after", `${examplesText(programHelp)}\n${exitCodesText()}`);

  const clone = copyCommand(program, "clone");
  withReportOption(withOutputOptions(clone)).action((source, target, flags) =>
    actions.clone(given(source, target), flags),
  );

  const plan = copyCommand(program, "plan");
  withOutputOptions(plan).action((source, target, flags) =>
    actions.plan(given(source, target), flags),
  );

  addCompareCommands(program, actions);
  const check = copyCommand(program, "check")
    .optionsGroup("What is looked at:")
    .option(
      "--follow-ready",
      "also whether the source's changes could be followed afterwards (logical replication)",
    );
  withOutputOptions(check).action((source, target, flags) =>
    actions.check(given(source, target), flags),
  );

  const list = command(program, "list")
    .addArgument(new Argument("<KIND>", "what to list").choices(LIST_KINDS))
    .argument("[SOURCE]", "the database to look into");
  withOutputOptions(list).action((kind, source, flags) => actions.list(kind, source, flags));

  const ping = command(program, "ping").argument("[ENDPOINT]", "the database to connect to");
  withOutputOptions(ping).action((endpoint, flags) => actions.ping(endpoint, flags));

  const demo = command(program, "demo")
    .option(
      "--rows <N>",
      `orders to make up; everything else grows with them (default: ${DEMO_ORDERS})`,
      parseCount,
    )
    .option("--keep", "leave both data directories where they are");
  withReportOption(withOutputOptions(demo)).action((flags) => actions.demo(flags));

  return program;
}

/** The program's command, and those below it, down to the last. */
export function allCommands(program: Command): Command[] {
  return [program, ...program.commands.flatMap(allCommands)];
}

/** A command as it is typed: `pgcopy compare data`. */
export function commandPath(of: Command): string {
  return of.parent === null ? of.name() : `${commandPath(of.parent)} ${of.name()}`;
}

function addCompareCommands(program: Command, actions: Actions): void {
  const compare = command(program, "compare").helpCommand(false);
  const schema = comparison(compare, "compare schema")
    .optionsGroup("What is compared:")
    .option("--no-owner", "leave out owners")
    .option("--no-acl", "leave out privileges (GRANT, REVOKE)")
    .optionsGroup("How:")
    .addOption(
      pgDumpOption(
        "the pg_dump to read both schemas with, or: bundled (default: the newest local one that fits both, else the bundled one)",
      ),
    );
  withOutputOptions(schema).action((source, target, flags) =>
    actions.compareSchema(given(source, target), flags),
  );
  const data = comparison(compare, "compare data")
    .optionsGroup("How:")
    .option("--jobs <N>", "how many tables are compared at a time (default: 4)", parseCount)
    .option(
      "--limit <N>",
      "how many differing rows of each table are shown (default: 20)",
      parseCount,
    )
    .option("--show-values", "show the values of differing rows, too, not only their keys");
  withOutputOptions(data).action((source, target, flags) =>
    actions.compareData(given(source, target), flags),
  );
}

function comparison(parent: Command, name: "compare schema" | "compare data"): Command {
  return command(parent, name)
    .argument("[SOURCE]", "one database")
    .argument("[TARGET]", "the other one, which should be the same");
}

function command(program: Command, name: CommandName): Command {
  const { summary, description } = commandHelp[name];
  return program
    .command(name.split(" ").at(-1) ?? name)
    .summary(summary)
    .description(unfolded(description))
    .helpOption("-h, --help", "show this help")
    .configureHelp({ helpWidth: HELP_COLUMNS })
    .addHelpText("after", examplesText(commandHelp[name]));
}

function copyCommand(program: Command, name: "clone" | "plan" | "check"): Command {
  const copy = command(program, name)
    .argument("[SOURCE]", "the database to copy")
    .argument(
      "[TARGET]",
      name === "clone"
        ? "where to; created if it is missing. null: reads everything and throws it away, to see how fast the source is"
        : "where to; created if it is missing",
    );
  withConfigOptions(copy)
    .optionsGroup("How fast:")
    .option(
      "--jobs <N>",
      "how many tables are copied, and how many indexes built, at a time (default: 4)",
      parseCount,
    )
    .option(
      "--table-jobs <N>",
      "how many tables, or parts of tables, are copied at a time",
      parseCount,
    )
    .option("--index-jobs <N>", "how many indexes and constraints are built at a time", parseCount)
    .option(
      "--threads <N>",
      "how many threads move rows, or: auto, by the jobs and this machine's cores (default: auto)",
      parseThreads,
    )
    .option(
      "--split-tables-larger-than <SIZE>",
      "copy larger tables in parts of about this size: 200MB, 1GB (default: never split)",
      parseSize,
    )
    .option(
      "--maintenance-work-mem <SIZE>",
      "memory that each job on the target takes to build an index: 64MB, 1GB (default: the target's setting, else what each index needs)",
      parseWorkMemory,
    )
    .optionsGroup("What is copied:")
    .option("--snapshot <ID>", "read from a snapshot that another session exported and holds")
    .option("--drop-if-exists", "drop objects of the target that are in the way")
    .option("--no-owner", "leave everything owned by the target's role")
    .option("--no-acl", "leave out privileges (GRANT, REVOKE)")
    .option("--no-security-labels", "leave out security labels")
    .option("--roles", "create the source's roles that the target lacks, as they are")
    .option("--no-role-passwords", "with --roles: without their passwords, which need a superuser")
    .option(
      "--database-properties",
      "give a target database that exists the source's settings, privileges, owner, comment and limits, too",
    )
    .option("--no-tablespaces", "put everything into the target's default tablespace")
    .option(
      "--requirements <FILE>",
      'create extensions in these versions: a JSON file, [{"name": "postgis", "version": "3.4.2"}]',
    )
    .option("--skip-extensions", "create no extensions, and copy no rows of their own tables")
    .option("--skip-collations", "create no collations")
    .addOption(
      new Option(
        "--statistics <HOW>",
        "analyze: gather them; copy: bring the source's, to PostgreSQL 18 or newer; skip: neither (default: analyze)",
      ).choices(["copy", "analyze", "skip"]),
    )
    .option("--skip-analyze", "the same as --statistics skip")
    .option(
      "--where <TABLE=CONDITION>",
      "copy only the rows of a table for which a condition holds; may be repeated",
      collectExpression,
    )
    .option(
      "--mask <COLUMN=EXPRESSION>",
      "copy an expression in place of a column, schema.table.column; may be repeated",
      collectExpression,
    )
    .option("--include-referenced", "also copy the rows, beyond --where, that copied rows refer to")
    .option("--skip-large-objects", "leave the large objects behind");
  if (name !== "check") {
    copy.option(
      "--all-databases",
      "copy every database of the server, and its roles; SOURCE and TARGET are any database of theirs",
    );
  }
  return withFilterOptions(copy)
    .optionsGroup("How:")
    .addOption(
      new Option(
        "--verify <HOW>",
        "compare source and target before the snapshot is let go",
      ).choices(["count", "checksum"]),
    )
    .addOption(
      new Option(
        "--copy-format <FORMAT>",
        "auto: binary where both ends agree on every column's binary form (default: auto)",
      ).choices(["auto", "text", "binary"]),
    )
    .addOption(
      pgDumpOption(
        "the pg_dump to read the schema with, or: bundled (default: the newest local one that fits, else the bundled one)",
      ),
    )
    .option(
      "--without <TECHNIQUES>",
      `do without what makes it fast, for measurements: ${techniqueNames.join(", ")}`,
      parseTechniques,
    );
}

function pgDumpOption(description: string): Option {
  return new Option("--pg-dump <PATH>", description).env("PGCOPY_PG_DUMP");
}

function withOutputOptions(to: Command): Command {
  return to
    .optionsGroup("Output:")
    .option("--json", "one JSON object a line on stdout, and nothing else")
    .addOption(
      new Option("--verbose", "say more: every task, every item of an error").conflicts("quiet"),
    )
    .option("--quiet", "only warnings and errors");
}

/** commander takes the two for one option, of which the last is meant. */
function withConfigOptions(to: Command): Command {
  const given = new Set<string>();
  const note = (flag: string) => () => {
    given.add(flag);
    if (given.size > 1) to.error("error: option '--config <FILE>' contradicts '--no-config'");
  };
  to.on("option:config", note("--config")).on("option:no-config", note("--no-config"));
  return to
    .optionsGroup("Options from a file:")
    .option("--config <FILE>", "a JSON file of options (default: pgcopy.json if it is there)")
    .option("--no-config", "don't read pgcopy.json");
}

function withReportOption(to: Command): Command {
  return to.option("--report <FILE>", "also write the report of the run as an HTML page");
}

function given(...endpoints: (string | undefined)[]): string[] {
  return endpoints.filter((endpoint) => endpoint !== undefined);
}

/** Descriptions are written in lines of source code; the help folds paragraphs to its own width. */
function unfolded(text: string): string {
  return text.replace(/(?<!\n)\n(?!\n)/g, " ");
}
