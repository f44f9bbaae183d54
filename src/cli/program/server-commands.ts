/** The commands that look at one server, or hold something on it. */

import { Argument, type Command } from "commander";
import { parseDuration, parseTimeLimit } from "../option-values.js";
import type { ViewOptions } from "../view.js";
import { command } from "./command.js";
import { withOutputOptions } from "./output-flags.js";

export const LIST_KINDS = ["tables", "indexes", "sequences", "extensions", "databases"] as const;

export interface ProgressFlags extends ViewOptions {
  readonly watch?: boolean;
  readonly dir?: string;
}

export interface HoldFlags extends ViewOptions {
  readonly fence?: boolean;
  /** In milliseconds; 0 for no limit. */
  readonly lockTimeout?: number;
  /** In milliseconds. */
  readonly for?: number;
}

/** What the commands do. */
export interface ServerActions {
  list(
    kind: (typeof LIST_KINDS)[number],
    source: string | undefined,
    flags: ViewOptions,
  ): Promise<void>;
  ping(endpoint: string | undefined, flags: ViewOptions): Promise<void>;
  progress(target: string | undefined, flags: ProgressFlags): Promise<void>;
  hold(source: string | undefined, flags: HoldFlags): Promise<void>;
}

export function addServerCommands(program: Command, actions: ServerActions): void {
  const hold = command(program, "hold")
    .argument("[SOURCE]", "the database whose snapshot is held")
    .option("--fence", "also lock every table, so that none is truncated, rewritten or dropped")
    .option(
      "--lock-timeout <TIME>",
      "with --fence: how long to wait for the locks, or: never, for no limit (default: 5min)",
      parseTimeLimit,
    )
    .option("--for <TIME>", "let go of it after so long: 30s, 10min, 2h, 1d", parseDuration);
  withOutputOptions(hold).action((source, flags) => actions.hold(source, flags));

  const progress = command(program, "progress")
    .argument("[TARGET]", "the target of the run")
    .option("--dir <DIR>", "the directory with the run's journal, if it keeps it in one")
    .option("--watch", "look every second until the run has ended");
  withOutputOptions(progress).action((target, flags) => actions.progress(target, flags));

  const list = command(program, "list")
    .addArgument(new Argument("<KIND>", "what to list").choices(LIST_KINDS))
    .argument("[SOURCE]", "the database to look into");
  withOutputOptions(list).action((kind, source, flags) => actions.list(kind, source, flags));

  const ping = command(program, "ping").argument("[ENDPOINT]", "the database to connect to");
  withOutputOptions(ping).action((endpoint, flags) => actions.ping(endpoint, flags));
}
