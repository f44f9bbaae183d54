/**
 * The commands and their options, as commander knows them. What a command does is passed in, so that
 * the help can be printed (and the documentation generated) without any of it.
 */

import { Command } from "commander";
import { examplesText, exitCodesText, HELP_COLUMNS, programHelp } from "../help-text.js";
import { parseCount } from "../option-values.js";
import type { ViewOptions } from "../view.js";
import { command, given, unfolded } from "./command.js";
import { addCompareCommands, type CompareActions } from "./compare-commands.js";
import { type CheckFlags, type CopyFlags, copyCommand } from "./copy-commands.js";
import { withOutputOptions, withReportOption } from "./output-flags.js";
import { withResumeFlags } from "./resume-flags.js";
import { addServerCommands, type ServerActions } from "./server-commands.js";

export interface DemoFlags extends ViewOptions {
  readonly report?: string;
  readonly rows?: number;
  readonly keep?: boolean;
}

/** How many orders the demo makes up. It then takes some ten seconds on two cores. */
export const DEMO_ORDERS = 150_000;

/** What the commands do. */
export interface Actions extends CompareActions, ServerActions {
  clone(endpoints: readonly string[], flags: CopyFlags): Promise<void>;
  plan(endpoints: readonly string[], flags: CopyFlags): Promise<void>;
  check(endpoints: readonly string[], flags: CheckFlags): Promise<void>;
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
  withReportOption(withOutputOptions(withResumeFlags(clone))).action((source, target, flags) =>
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

  addServerCommands(program, actions);

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
