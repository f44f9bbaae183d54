/**
 * The commands and their options, as commander knows them. What a command does is passed in, so that
 * the help can be printed (and the documentation generated) without any of it.
 */

import { Argument, Command, Option } from "commander";
import {
  type CommandName,
  commandHelp,
  examplesText,
  exitCodesText,
  HELP_COLUMNS,
  programHelp,
} from "./help-text.js";
import { parseCount, parseSize } from "./option-values.js";
import type { ViewOptions } from "./view.js";

/** The options of clone and plan, as they are parsed. */
export interface CopyFlags extends ViewOptions {
  readonly jobs?: number;
  readonly tableJobs?: number;
  readonly indexJobs?: number;
  readonly splitTablesLargerThan?: number;
  readonly snapshot?: string;
  readonly dropIfExists?: boolean;
  /** commander's way with --no-owner and --no-acl: true unless they are given. */
  readonly owner: boolean;
  readonly acl: boolean;
  readonly skipAnalyze?: boolean;
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
}

export interface DemoFlags extends ViewOptions {
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
    .helpOption("--help", "show help")
    .helpCommand("help [COMMAND]", "show the help of a command")
    .configureHelp({ helpWidth: HELP_COLUMNS, showGlobalOptions: false })
    .addHelpText("after", `${examplesText(programHelp)}\n${exitCodesText()}`);

  const clone = copyCommand(program, "clone");
  withOutputOptions(clone).action((source, target, flags) =>
    actions.clone(given(source, target), flags),
  );

  const plan = copyCommand(program, "plan");
  withOutputOptions(plan).action((source, target, flags) =>
    actions.plan(given(source, target), flags),
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
  withOutputOptions(demo).action((flags) => actions.demo(flags));

  return program;
}

function command(program: Command, name: CommandName): Command {
  const { summary, description } = commandHelp[name];
  return program
    .command(name)
    .summary(summary)
    .description(unfolded(description))
    .helpOption("--help", "show this help")
    .configureHelp({ helpWidth: HELP_COLUMNS })
    .addHelpText("after", examplesText(commandHelp[name]));
}

function copyCommand(program: Command, name: "clone" | "plan"): Command {
  return command(program, name)
    .argument("[SOURCE]", "the database to copy")
    .argument("[TARGET]", "where to; created if it is missing")
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
      "--split-tables-larger-than <SIZE>",
      "copy larger tables in parts of about this size: 200MB, 1GB (default: never split)",
      parseSize,
    )
    .optionsGroup("What is copied:")
    .option("--snapshot <ID>", "read from a snapshot that another session exported and holds")
    .option("--drop-if-exists", "drop objects of the target that are in the way")
    .option("--no-owner", "leave everything owned by the target's role")
    .option("--no-acl", "leave out privileges (GRANT, REVOKE)")
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
      new Option(
        "--pg-dump <PATH>",
        "the pg_dump to read the schema with, or: bundled (default: the newest local one that fits, else the bundled one)",
      ).env("PGCOPY_PG_DUMP"),
    );
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

function given(...endpoints: (string | undefined)[]): string[] {
  return endpoints.filter((endpoint) => endpoint !== undefined);
}

/** Descriptions are written in lines of source code; the help folds paragraphs to its own width. */
function unfolded(text: string): string {
  return text.replace(/(?<!\n)\n(?!\n)/g, " ");
}
