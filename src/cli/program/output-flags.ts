/** Options that have to do with files and the screen: where options come from, and what is said of the run. */

import { type Command, Option } from "commander";

export function withOutputOptions(to: Command): Command {
  return to
    .optionsGroup("Output:")
    .option("--json", "one JSON object a line on stdout, and nothing else")
    .addOption(
      new Option("--verbose", "say more: every task, every item of an error").conflicts("quiet"),
    )
    .option("--quiet", "only warnings and errors");
}

/** commander takes the two for one option, of which the last is meant. */
export function withConfigOptions(to: Command): Command {
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

export function withReportOption(to: Command): Command {
  return to.option("--report <FILE>", "also write the report of the run as an HTML page");
}
