/** What shows a run while it goes on; which one is decided here, from where the output goes. */

import type { RunEvent } from "../events.js";
import type { Output } from "./output.js";
import { canRedraw, glyphsFor, paintFor } from "./output.js";

export interface View {
  /** Takes every event of the engine, in order. */
  observe(event: RunEvent): void;
  /** A line of the command's own, for people. */
  say(words: string): void;
  /** The run was interrupted and is being stopped. */
  stopping(words: string): void;
  /** Called a few times a second, for views that show the time. */
  tick(): void;
  /** The process is about to be stopped by the shell (Ctrl-Z). */
  suspend(): void;
  /** Nothing more will be shown; the terminal is as it was. May be called more than once. */
  close(): void;
}

export interface ViewOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

/** The view's classes are loaded as needed: a run of four small tables ends in a few hundred ms. */
export async function openView(output: Output, options: ViewOptions): Promise<View> {
  const { stderr, stdout, environment } = output;
  const verbose = options.verbose ?? false;
  if (options.json === true) {
    const { JsonView } = await import("./json.js");
    return new JsonView(stdout, options.quiet ?? false);
  }
  if (options.quiet === true) {
    const { QuietView } = await import("./quiet.js");
    return new QuietView(stderr);
  }
  if (!canRedraw(stderr, environment)) {
    const { PlainView } = await import("./plain.js");
    return new PlainView(stderr, verbose);
  }
  const { TerminalView } = await import("./terminal.js");
  return new TerminalView({
    stream: stderr,
    paint: paintFor(stderr, environment),
    glyphs: glyphsFor(environment),
    verbose,
  });
}

/** How often the engine should report progress to the view, in milliseconds. */
export function progressIntervalMs(output: Output, options: ViewOptions): number {
  if (options.quiet === true) return 0;
  if (options.json === true) return 1000;
  return canRedraw(output.stderr, output.environment) ? 250 : 1000;
}
