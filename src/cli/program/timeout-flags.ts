/** When a server does not answer: for how long that is borne. */

import type { Command } from "commander";
import { parseSeconds } from "../option-values.js";

export interface TimeoutFlags {
  readonly connectTimeout?: number;
  readonly stallTimeout?: number;
}

export function withTimeoutFlags(command: Command): Command {
  return command
    .optionsGroup("When something breaks:")
    .option(
      "--connect-timeout <TIME>",
      "how long opening a connection may take: 10s, 1min; 0 for no limit (default: PGCONNECT_TIMEOUT, else 60s)",
      parseSeconds,
    )
    .option(
      "--stall-timeout <TIME>",
      "give up a statement when nothing has moved for so long and its server does not work on it any more: 90s, 10min; 0 for never (default: 5min)",
      parseSeconds,
    );
}
