#!/usr/bin/env node
/**
 * The command line. Nothing heavy is imported here: the library and the views are loaded by the
 * command that needs them, so that a clone of a few small tables is over in a fraction of a second.
 */

import { type Command, CommanderError } from "commander";
import { asPgCopyError, type PgCopyError } from "../errors.js";
import { version } from "../version.js";
import { EXIT_SUCCESS, exitCodeOf } from "./exit-codes.js";
import type { Output } from "./output.js";
import { type Actions, allCommands, createProgram } from "./program/program.js";
import { usageError } from "./usage-error.js";

const output: Output = {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
};
// On Linux and macOS `ps` shows this in place of the arguments, in which a password may stand.
process.title = "pgcopy";

/** Known before the options are parsed, since parsing them is the first thing that can fail. */
const json = process.argv.includes("--json");
const verbose = process.argv.includes("--verbose");

/** The command that runs, once one does. */
let command: string | undefined;

/** A command's result when it is neither plain success nor an error: a plan with conflicts. */
let exitCode = EXIT_SUCCESS;

const actions: Actions = {
  clone: async (endpoints, flags) => {
    if (flags.allDatabases === true) {
      const { cloneAllCommand } = await import("./all-databases-command.js");
      return await cloneAllCommand(output, endpoints, flags);
    }
    const { cloneCommand } = await import("./clone-command.js");
    await cloneCommand(output, endpoints, flags);
  },
  plan: async (endpoints, flags) => {
    if (flags.allDatabases === true) {
      const { planAllCommand } = await import("./all-databases-command.js");
      exitCode = await planAllCommand(output, endpoints, flags);
      return;
    }
    const { planCommand } = await import("./plan-command.js");
    exitCode = await planCommand(output, endpoints, flags);
  },
  compareSchema: async (endpoints, flags) => {
    const { compareSchemaCommand } = await import("./compare-command.js");
    exitCode = await compareSchemaCommand(output, endpoints, flags);
  },
  compareData: async (endpoints, flags) => {
    const { compareDataCommand } = await import("./compare-command.js");
    exitCode = await compareDataCommand(output, endpoints, flags);
  },
  check: async (endpoints, flags) => {
    const { checkCommand } = await import("./check-command.js");
    exitCode = await checkCommand(output, endpoints, flags);
  },
  list: async (kind, source, flags) => {
    const { listCommand } = await import("./list-command.js");
    await listCommand(output, { kind, source, flags });
  },
  ping: async (endpoint, flags) => {
    const { pingCommand } = await import("./ping-command.js");
    await pingCommand(output, endpoint, flags);
  },
  progress: async (target, flags) => {
    const { progressCommand } = await import("./progress-command.js");
    exitCode = await progressCommand(output, target, flags);
  },
  hold: async (source, flags) => {
    const { holdCommand } = await import("./hold-command.js");
    await holdCommand(output, source, flags);
  },
  demo: async (flags) => {
    const { demoCommand } = await import("./demo.js");
    await demoCommand(output, flags);
  },
};

// A reader that has gone away (`| head`) is no failure of ours; what matters is heard of elsewhere.
process.stdout.on("error", ignoreClosedPipe);
process.stderr.on("error", () => {});
process.on("uncaughtException", (error) => void leave(error));

// No await at the top: launch.cjs runs this as a script, in which there is none.
void main();

async function main(): Promise<void> {
  try {
    await runCommand();
  } catch (error) {
    await leave(error);
  }
  await exitWith(exitCode);
}

async function runCommand(): Promise<void> {
  const program = createProgram(version, actions);
  program.hook("preAction", async (_program, running) => {
    command = running.parent?.name() === "compare" ? "comparison" : running.name();
    await armFailpoints();
  });
  for (const one of allCommands(program)) {
    one.configureOutput({ outputError: () => {} });
    one.exitOverride((stop) => {
      throw stop.exitCode === 0 ? stop : usageError(stop, one, process.argv);
    });
  }
  try {
    await program.parseAsync(withKnownHelp(process.argv.slice(2), program), { from: "user" });
  } catch (error) {
    // --help and --version have printed what they were asked for.
    if (!(error instanceof CommanderError)) throw error;
  }
}

/** For tests of pgcopy: what fails where. */
async function armFailpoints(): Promise<void> {
  if (process.env.PGCOPY_FAILPOINTS === undefined) return;
  const { armFromEnvironment } = await import("./failpoints.js");
  armFromEnvironment(output);
}

/** commander answers `help nope` with the whole help; it is as wrong as `nope` alone. */
function withKnownHelp(given: readonly string[], { commands }: Command): string[] {
  const [first, second, ...rest] = given;
  const isWrong =
    first === "help" &&
    second !== undefined &&
    !second.startsWith("-") &&
    !commands.some((one) => one.name() === second);
  return isWrong ? [second, ...rest] : [...given];
}

async function leave(thrown: unknown): Promise<never> {
  const error = asPgCopyError(thrown);
  await printError(error);
  return await exitWith(exitCodeOf(error.code));
}

async function printError(error: PgCopyError): Promise<void> {
  const { errorEvent, errorLines } = await import("./error-output.js");
  if (json) {
    const { writeJson } = await import("./json.js");
    writeJson(output.stdout, errorEvent(error, command));
    return;
  }
  const { paintFor, reportWidth } = await import("./output.js");
  const { stderr, environment } = output;
  const width = stderr.isTTY === true ? reportWidth(stderr) : undefined;
  const paint = paintFor(stderr, environment);
  const lines = errorLines(error, { paint, verbose, width, command });
  for (const line of lines) stderr.write(`${line}\n`);
}

/** What was written goes out first. Whatever is still open then must not keep a finished command. */
async function exitWith(code: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise((written) => stream.write("", written));
  }
  process.exit(code);
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return;
  process.stderr.write(`pgcopy: can't write to stdout: ${error.message}\n`);
  exitCode ||= exitCodeOf("internal");
}
