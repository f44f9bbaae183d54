/** How an error looks: what failed, the server's own words, what it is about, and what to do. */

import type { PgCopyError } from "../errors.js";
import { printable, wrap } from "./display-width.js";
import { exitCodeOf } from "./exit-codes.js";
import type { Paint } from "./output.js";

/** More items than this push the advice off the screen; --verbose shows them all. */
const ITEMS_SHOWN = 20;

export interface ErrorOutputOptions {
  readonly paint: Paint;
  readonly verbose: boolean;
  /** Columns of the terminal; absent: lines are not broken, so that a log has each whole. */
  readonly width?: number | undefined;
}

/** The lines for stderr. */
export function errorLines(error: PgCopyError, options: ErrorOutputOptions): string[] {
  const { paint, verbose, width } = options;
  const { server } = error;
  const unpainted = [
    ...labelled("pgcopy: ", messageOf(error), width, "  "),
    ...labelled("  detail: ", server?.detail, width),
    ...labelled("  hint: ", server?.hint, width),
    ...labelled("  where: ", server?.where, width),
    ...itemLines(error.items, verbose),
    ...labelled("  what to do: ", error.advice, width),
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

function itemLines(items: readonly string[], verbose: boolean): string[] {
  const shown = verbose ? items : items.slice(0, ITEMS_SHOWN);
  const hidden = items.length - shown.length;
  const lines = shown.map((item) => `    ${printable(item)}`);
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
export function errorEvent(error: PgCopyError): Record<string, unknown> {
  return {
    type: "error",
    exitCode: exitCodeOf(error.code),
    ...error.toJSON(),
    message: messageOf(error),
  };
}

/**
 * The library speaks of its options by their names in code (`tableJobs must be …`); whoever sits at
 * a command line typed `--table-jobs`.
 */
function messageOf({ code, message }: PgCopyError): string {
  if (code !== "usage") return message;
  return message.replace(/^(?!source|target)([a-z]+(?:[A-Z][a-z]+)*)(?= must be )/, (name) => {
    return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  });
}

function stackLines(error: PgCopyError): string[] {
  const deepest = error.cause instanceof Error ? error.cause : error;
  return (deepest.stack ?? "").split("\n").filter((line) => line.trim() !== "");
}
