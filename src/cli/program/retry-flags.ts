/** When something breaks: what is tried again, and for how long. */

import type { Command } from "commander";
import { parseCountOrNone, parseSeconds } from "../option-values.js";

export interface RetryFlags {
  readonly retries?: number;
  readonly retryTimeout?: number;
}

export function withRetryFlags(command: Command): Command {
  return command
    .optionsGroup("When something breaks:")
    .option(
      "--retries <N>",
      "how often a task is done again that a lost connection, a deadlock or the like has stopped (default: 3)",
      parseCountOrNone,
    )
    .option(
      "--retry-timeout <TIME>",
      "how long a server may be out of reach before the run gives up: 300s, 5min (default: 300s)",
      parseSeconds,
    );
}
