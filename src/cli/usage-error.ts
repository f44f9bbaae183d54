/** commander's complaints, in the form that all of pgcopy's errors have. */

import type { Command, CommanderError } from "commander";
import { PgCopyError } from "../errors.js";
import { commandPath } from "./program/command.js";

/** Something that may hold a password, and that commander would quote in its message. */
const ENDPOINT = /:\/\/|^pgdata:|^\w+\s*=|password/i;
/** What nobody knows may be one that takes a secret: its value is not repeated. */
const UNKNOWN_WITH_VALUE = /^(error: unknown option '--[\w-]+)=[\s\S]*'/;

/** @param given the arguments of the process: a password in one of them must not be repeated. */
export function usageError(
  stop: CommanderError,
  command: Command,
  given: readonly string[],
): PgCopyError {
  const path = commandPath(command);
  const advice = `see ${path} --help`;
  const words = usageWords(stop, given, path);
  return new PgCopyError(words, { code: "usage", advice });
}

function usageWords(
  { code, message }: CommanderError,
  given: readonly string[],
  path: string,
): string {
  if (code === "commander.help") return "no command was given";
  const words = withoutEndpoints(message.replace(UNKNOWN_WITH_VALUE, "$1'"), given)
    .replace(/^error: /, "")
    .replace(/\n\(Did you mean (.*)\?\)/, " (did you mean $1?)")
    .replace(/^command-argument value ('.*') is invalid for argument '(.*)'/, "$1 is no $2")
    .replace(/\.$/, "");
  if (code === "commander.unknownCommand" && words.includes(HIDDEN)) {
    // Whoever wants to compare must not be told to copy.
    return path === "pgcopy compare"
      ? "say what to compare, then the endpoints: pgcopy compare schema, or pgcopy compare data"
      : "a command comes first, then the endpoints (did you mean pgcopy clone?)";
  }
  if (code !== "commander.excessArguments") return words;
  return `${words} (an endpoint that has spaces in it must be quoted)`;
}

const HIDDEN = "...";

function withoutEndpoints(message: string, given: readonly string[]): string {
  return given
    .flatMap((argument) => [argument, argument.slice(argument.indexOf("=") + 1)])
    .filter((argument) => ENDPOINT.test(argument))
    .reduce((shown, argument) => shown.replaceAll(argument, HIDDEN), message);
}
