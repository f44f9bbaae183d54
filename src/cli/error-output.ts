/** How an error looks: what failed, the server's own words, what it is about, and what to do. */

import { typedOption } from "../config/option-table.js";
import type { PgCopyError } from "../errors.js";
import { printable, wrap } from "./display-width.js";
import { exitCodeOf } from "./exit-codes.js";
import type { Paint } from "./output.js";

/** More items than this push the advice off the screen; --verbose shows them all. */
const ITEMS_SHOWN = 20;

export interface ErrorOutputOptions {
  readonly paint: Paint;
  readonly verbose: boolean;
  /** The command that failed; absent: none had begun. */
  readonly command?: string | undefined;
  /** Columns of the terminal; absent: lines are not broken, so that a log has each whole. */
  readonly width?: number | undefined;
}

/** The lines for stderr. */
export function errorLines(error: PgCopyError, options: ErrorOutputOptions): string[] {
  const { paint, verbose, width } = options;
  const { server } = error;
  const { items, advice } = inTypedWords(error);
  const unpainted = [
    ...labelled("pgcopy: ", messageOf(error, options.command), width, "  "),
    ...labelled("  in the middle of: ", interruptedTask(error), width),
    ...labelled("  detail: ", server?.detail, width),
    ...labelled("  hint: ", server?.hint, width),
    ...labelled("  where: ", server?.where, width),
    ...itemLines(items ?? [], options),
    ...labelled("  what to do: ", advice, width),
    // Not folded: a statement is there to be copied.
    ...itemLines(
      error.statements.map((one) => `${one};`),
      { verbose, width: undefined },
    ),
  ];
  const lines = unpainted.map((line, i) =>
    i === 0
      ? line.replace("pgcopy:", (label) => paint.red(label))
      : line.replace(/^ {2}what to do:/, `  ${paint.bold("what to do:")}`),
  );
  if (error.code === "internal") {
    if (verbose) lines.push(...stackLines(error));
    else lines.push("  This is a mistake in pgcopy; --verbose shows where it happened.");
  }
  return lines;
}

function itemLines(
  items: readonly string[],
  { verbose, width }: Pick<ErrorOutputOptions, "verbose" | "width">,
): string[] {
  const shown = verbose ? items : items.slice(0, ITEMS_SHOWN);
  const hidden = items.length - shown.length;
  const lines = shown.flatMap((item) => {
    const line = `    ${printable(item)}`;
    return width === undefined ? [line] : wrap(line, width, "      ");
  });
  return hidden > 0 ? [...lines, `    and ${hidden} more (--verbose shows them all)`] : lines;
}

/** Line breaks of a server's message are kept; what follows one is indented. */
function labelled(
  label: string,
  text: string | undefined,
  width: number | undefined,
  indent = "    ",
): string[] {
  if (text === undefined) return [];
  const [first = "", ...rest] = text.trimEnd().split(/\r?\n/).map(printable);
  return [`${label}${first}`, ...rest.map((line) => `${indent}${line}`)].flatMap((line) =>
    width === undefined ? [line] : wrap(line, width, indent),
  );
}

/** The error as the last JSON event of a run with --json. */
export function errorEvent(error: PgCopyError, command?: string): Record<string, unknown> {
  return {
    type: "error",
    exitCode: exitCodeOf(error.code),
    ...error.toJSON(),
    ...inTypedWords(error),
    message: messageOf(error, command),
  };
}

function messageOf(error: PgCopyError, command: string | undefined): string {
  const { code, message } = error;
  // Which of the tasks was stopped first is chance; it is told below.
  if (code === "interrupted" && command !== undefined) return `the ${command} was interrupted`;
  const hasOneEnd = command === "ping" || command === "list";
  return typed(hasOneEnd ? withoutSide(message) : message, error);
}

function interruptedTask({ code, attempted }: PgCopyError): string | undefined {
  return code === "interrupted" ? attempted : undefined;
}

/** To the library every endpoint is a source or a target; a command with one end has neither. */
function withoutSide(message: string): string {
  return message
    .replace(/^(can't connect to )the source /, "$1")
    .replace(/^wrong source (endpoint)/, "wrong $1")
    .replace(/^(.*? failed) on source: /, "$1: ")
    .replace(/\bthe source (?=directory |is )/, "the ");
}

/** Items and advice; absent where there are none. */
function inTypedWords(error: PgCopyError): {
  readonly items?: readonly string[];
  readonly advice?: string;
} {
  const { items, advice } = error;
  return {
    ...(items.length === 0 ? {} : { items: items.map((item) => typed(item, error)) }),
    ...(advice === undefined ? {} : { advice: typed(advice, error) }),
  };
}

/**
 * The library speaks of its options by their names in code (`tableJobs must be …`); whoever sits at
 * a command line typed `--table-jobs`.
 */
function typed(words: string, { options }: PgCopyError): string {
  return options.reduce((text, name) => {
    const alone = new RegExp(`(?<![\\w.-])${name}(?![\\w-])`, "g");
    return text.replace(alone, typedOption(name));
  }, words);
}

function stackLines(error: PgCopyError): string[] {
  const deepest = error.cause instanceof Error ? error.cause : error;
  return (deepest.stack ?? "").split("\n").filter((line) => line.trim() !== "");
}
