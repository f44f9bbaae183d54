/** How an error looks: what failed, the server's own words, what it is about, and what to do. */

import type { PgCopyError } from "../errors.js";
import { displayWidth, printable } from "./display-width.js";
import { exitCodeOf } from "./exit-codes.js";
import type { Paint } from "./output.js";

/** More items than this push the advice off the screen; --verbose shows them all. */
const ITEMS_SHOWN = 20;

export interface ErrorOutputOptions {
  readonly paint: Paint;
  readonly verbose: boolean;
}

/** The lines for stderr. */
export function errorLines(error: PgCopyError, { paint, verbose }: ErrorOutputOptions): string[] {
  const lines = [`${paint.red("pgcopy:")} ${multiline(messageOf(error), "  ")}`];
  const { server } = error;
  if (server?.detail !== undefined) lines.push(`  detail: ${multiline(server.detail, "    ")}`);
  if (server?.hint !== undefined) lines.push(`  hint: ${multiline(server.hint, "    ")}`);
  if (server?.where !== undefined) lines.push(`  where: ${multiline(server.where, "    ")}`);
  const shown = verbose ? error.items : error.items.slice(0, ITEMS_SHOWN);
  for (const item of shown) lines.push(`    ${printable(item)}`);
  const hidden = error.items.length - shown.length;
  if (hidden > 0) lines.push(`    and ${hidden} more (--verbose shows them all)`);
  if (error.advice !== undefined) {
    lines.push(`  ${paint.bold("what to do:")} ${multiline(error.advice, "    ")}`);
  }
  if (error.code === "internal") {
    if (verbose) lines.push(...stackLines(error));
    else lines.push("  This is a mistake in pgcopy; --verbose shows where it happened.");
  }
  return lines;
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

/** Line breaks of a server's message are kept, and what follows them is indented. */
function multiline(text: string, indent: string): string {
  return text.trimEnd().split(/\r?\n/).map(printable).join(`\n${indent}`);
}

function stackLines(error: PgCopyError): string[] {
  const deepest = error.cause instanceof Error ? error.cause : error;
  return (deepest.stack ?? "").split("\n").filter((line) => displayWidth(line.trim()) > 0);
}
