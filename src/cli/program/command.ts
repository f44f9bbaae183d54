/** A command of the program, with its help. */

import type { Command } from "commander";
import { type CommandName, commandHelp, examplesText, HELP_COLUMNS } from "../help-text.js";

export function command(program: Command, name: CommandName): Command {
  const { summary, description } = commandHelp[name];
  return program
    .command(name.split(" ").at(-1) ?? name)
    .summary(summary)
    .description(unfolded(description))
    .helpOption("-h, --help", "show this help")
    .configureHelp({ helpWidth: HELP_COLUMNS })
    .addHelpText("after", examplesText(commandHelp[name]));
}

/** A command as it is typed: `pgcopy compare data`. */
export function commandPath(of: Command): string {
  return of.parent === null ? of.name() : `${commandPath(of.parent)} ${of.name()}`;
}

export function given(...endpoints: (string | undefined)[]): string[] {
  return endpoints.filter((endpoint) => endpoint !== undefined);
}

/** Descriptions are written in lines of source code; the help folds paragraphs to its own width. */
export function unfolded(text: string): string {
  return text.replace(/(?<!\n)\n(?!\n)/g, " ");
}
