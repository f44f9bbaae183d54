/** How: which formats and programs, and whether it is verified. */

import { type Command, Option } from "commander";
import { type Technique, techniqueNames } from "../../techniques.js";
import { parseCount, parseTechniques } from "../option-values.js";

export interface MethodFlags {
  readonly verify?: "count" | "checksum";
  readonly copyFormat?: "auto" | "text" | "binary";
  readonly pgDump?: string;
  readonly rejectDir?: string;
  readonly rejectLimit?: number;
  readonly without?: readonly Technique[];
}

export function withMethodFlags(command: Command): Command {
  return command
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
      "--reject-dir <DIR>",
      "set rows that the target refuses aside in files there, and copy all others (default: such a row ends the run)",
    )
    .option(
      "--reject-limit <N>",
      "with --reject-dir: end the run when one table, or one part of it, has more of them (default: no bound)",
      parseCount,
    )
    .option(
      "--without <TECHNIQUES>",
      `do without what makes it fast, for measurements: ${techniqueNames.join(", ")}`,
      parseTechniques,
    );
}

export function pgDumpOption(description: string): Option {
  return new Option("--pg-dump <PATH>", description).env("PGCOPY_PG_DUMP");
}
