/** The commands that look at one server, or hold something on it. */

import { Argument, type Command } from "commander";
import type { ViewOptions } from "../view.js";
import { command } from "./command.js";
import { withOutputOptions } from "./output-flags.js";

export const LIST_KINDS = ["tables", "indexes", "sequences", "extensions", "databases"] as const;

export interface ProgressFlags extends ViewOptions {
  readonly watch?: boolean;
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
}

export function addServerCommands(program: Command, actions: ServerActions): void {
  const progress = command(program, "progress")
    .argument("[TARGET]", "the target of the run")
    .option("--watch", "look every second until the run has ended");
  withOutputOptions(progress).action((target, flags) => actions.progress(target, flags));

  const list = command(program, "list")
    .addArgument(new Argument("<KIND>", "what to list").choices(LIST_KINDS))
    .argument("[SOURCE]", "the database to look into");
  withOutputOptions(list).action((kind, source, flags) => actions.list(kind, source, flags));

  const ping = command(program, "ping").argument("[ENDPOINT]", "the database to connect to");
  withOutputOptions(ping).action((endpoint, flags) => actions.ping(endpoint, flags));
}
