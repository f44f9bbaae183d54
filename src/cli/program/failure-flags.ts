/** When something breaks: whether all is stopped. */

import type { Command } from "commander";

export interface FailureFlags {
  readonly keepGoing?: boolean;
}

export function withFailureFlags(command: Command): Command {
  return command
    .optionsGroup("When something breaks:")
    .option(
      "--keep-going",
      "after a failure, do what doesn't need what failed, and name all failures at the end (default: the first one stops all)",
    );
}
