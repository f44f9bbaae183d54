/** What `check` finds: one thing each, with what to do about it. */

import { PgCopyError, type Side } from "../errors.js";

/**
 * `error`: a clone would be refused, or fail. `warning`: it would bring a surprise. `info`: it costs
 * time, or is good to know.
 */
export type Severity = "error" | "warning" | "info";

export interface Finding {
  /** What was looked at, for programs: `missing_roles`, `lock_slots`, … (docs/check.md). */
  readonly check: string;
  readonly severity: Severity;
  readonly side: Side;
  readonly title: string;
  /** The objects concerned, all of them. */
  readonly items: readonly string[];
  /** What to do about it, in a sentence. */
  readonly advice: string;
  /** SQL that does it, to be run on that side by somebody who may; empty where none would. */
  readonly statements: readonly string[];
}

/** A finding before it is known which check it is of. */
export type Found = Omit<Finding, "check">;

interface Details {
  readonly advice: string;
  readonly items?: readonly string[];
  readonly statements?: readonly string[];
}

export function found(severity: Severity, side: Side, title: string, details: Details): Found {
  return { severity, side, title, items: [], statements: [], ...details };
}

/** What a clone would refuse, in the words in which it would. */
export function refused(error: PgCopyError, side: Side = error.side ?? "source"): Found {
  const said = error.server?.detail ?? error.server?.hint;
  return found("error", side, error.message, {
    items: error.items,
    statements: error.statements,
    advice: error.advice?.replace(/^nothing was changed; /, "") ?? said ?? "see the message",
  });
}

/** `2 tables` or `a table`: what a title begins with. */
export function numberOf(count: number, noun: string, nouns = `${noun}s`): string {
  if (count !== 1) return `${count} ${nouns}`;
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}

/**
 * What one check finds; a refusal that it throws is a finding.
 *
 * @throws PgCopyError what ends the whole: a lost connection, `interrupted`, a mistake of ours.
 */
export async function findingsOf(
  check: string,
  find: () => Promise<readonly Found[]> | readonly Found[],
): Promise<Finding[]> {
  try {
    return (await find()).map((one) => ({ check, ...one }));
  } catch (error) {
    return [{ check, ...foundIn(error) }];
  }
}

function foundIn(error: unknown): Found {
  if (!(error instanceof PgCopyError)) throw error;
  if (/^(source_unfit|target_unfit|schema_dump_failed|usage)$/.test(error.code))
    return refused(error);
  if (error.server === undefined || error.code !== "task_failed") throw error;
  const title = `${error.attempted} was not possible: ${error.server.message}`;
  return found("info", error.side ?? "source", title, {
    advice: "let the role read it and check again, to know what this hides",
  });
}
