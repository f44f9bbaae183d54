/** After an interruption: going on with what an earlier run has begun, or beginning again. */

import type { Command } from "commander";

export interface ResumeFlags {
  readonly resume?: boolean;
  readonly notConsistent?: boolean;
  readonly restart?: boolean;
  readonly dir?: string;
}

export function withResumeFlags(command: Command): Command {
  return command
    .optionsGroup("After an interruption:")
    .option(
      "--resume",
      "go on with an unfinished run from where it was; where there is none, begin",
    )
    .option(
      "--not-consistent",
      "with --resume: also if its snapshot is gone, so that the rest is of a later moment",
    )
    .option(
      "--restart",
      "drop what an unfinished run has created, and nothing else, and begin again",
    )
    .option(
      "--dir <directory>",
      "keep the journal in this local directory, where the target's role may create no schema",
    );
}
