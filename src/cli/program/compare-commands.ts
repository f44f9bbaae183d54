/** compare schema and compare data. */

import type { Command } from "commander";
import { parseCount } from "../option-values.js";
import type { ViewOptions } from "../view.js";
import { command, given } from "./command.js";
import { pgDumpOption } from "./method-flags.js";
import { withOutputOptions } from "./output-flags.js";

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

/** What the commands do. */
export interface CompareActions {
  compareSchema(endpoints: readonly string[], flags: CompareSchemaFlags): Promise<void>;
  compareData(endpoints: readonly string[], flags: CompareDataFlags): Promise<void>;
}

export function addCompareCommands(program: Command, actions: CompareActions): void {
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
