/** `pgcopy hold`: the id goes to stdout, a line for each, and all else to stderr. */

import { chooseEndpoint } from "./endpoints.js";
import { formatDuration } from "./formatting.js";
import { writeJson } from "./json.js";
import { type HoldOptions, loadLibrary } from "./library.js";
import { canRedraw, type Output } from "./output.js";
import type { HoldFlags } from "./program/server-commands.js";
import { type WatchedRun, watchRun } from "./watched-run.js";

/** How often what is pinned is looked at where a line on the screen shows it, in milliseconds. */
const SHOWN_EVERY_MS = 2_000;

/** Ends well when it is told to stop: that is how it ends. */
export async function holdCommand(
  output: Output,
  given: string | undefined,
  flags: HoldFlags,
): Promise<void> {
  const source = chooseEndpoint(given, output.environment);
  const began = performance.now();
  let isOver = false;
  const stopping = "letting go of the snapshot";
  const snapshot = await watchRun(output, { ...flags, stopping }, async (run) => {
    const { hold } = await loadLibrary();
    await using held = await hold({ source, ...options(output, flags, run) });
    const letGo = () => {
      isOver = true;
      void held.release();
    };
    const timer = flags.for === undefined ? undefined : setTimeout(letGo, flags.for);
    try {
      await held.ended;
    } finally {
      clearTimeout(timer);
    }
    return held.snapshot;
  });
  const durationMs = Math.round(performance.now() - began);
  if (isOver && flags.json !== true && flags.quiet !== true)
    output.stderr.write(`let go of the snapshot after ${formatDuration(durationMs)} (--for)\n`);
  if (flags.json === true) writeJson(output.stdout, { type: "hold", snapshot, durationMs });
}

function options(
  { stdout, stderr, environment }: Output,
  { fence, lockTimeout, json, quiet }: HoldFlags,
  { signal, observer }: WatchedRun,
): Omit<HoldOptions, "source"> {
  const isShown = json !== true && quiet !== true && canRedraw(stderr, environment);
  return {
    environment,
    signal,
    ...(fence === undefined ? {} : { fence }),
    ...(lockTimeout === undefined ? {} : { lockTimeoutMs: lockTimeout }),
    ...(isShown ? { progressIntervalMs: SHOWN_EVERY_MS } : {}),
    observer: (event) => {
      observer(event);
      // On a terminal it is in the line that stays above the moving one.
      const isSeen = isShown && stdout.isTTY === true;
      if (event.type === "snapshot_held" && json !== true && !isSeen)
        stdout.write(`${event.snapshot}\n`);
    },
  };
}
