// @ts-check
/** How each of the benchmark's commands begins and ends. */

import { UsageError } from "./options.js";

/**
 * Runs a command's main function, and says how it ended by the exit code. A signal aborts it, and so
 * does a reader of its output who is gone (`| head`): otherwise nobody would stop the servers and
 * remove their directories.
 *
 * @param {(args: string[], signal: AbortSignal) => Promise<number>} main
 */
export async function runCommand(main) {
  const interruption = new AbortController();
  const { signal } = interruption;
  for (const name of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
    process.once(name, () => interruption.abort(new UsageError("interrupted")));
  }
  for (const name of /** @type {const} */ (["stdout", "stderr"])) {
    process[name].on("error", ({ message }) => {
      interruption.abort(new UsageError(`interrupted: can't write to ${name}: ${message}`));
    });
  }
  try {
    const exitCode = await main(process.argv.slice(2), signal);
    signal.throwIfAborted();
    process.exitCode = exitCode;
  } catch (error) {
    process.exitCode = 1;
    if (signal.aborted) console.error(signal.reason.message);
    else console.error(error instanceof UsageError ? error.message : error);
  }
}
