/** The options that say how it is done: from which snapshot, by which means, and how it is checked. */

import { PgCopyError } from "../errors.js";
import { type Technique, techniqueNames } from "../techniques.js";
import { directory, oneOf, pgDump, positive, snapshotId, someOf } from "./option-values.js";

export type CopyFormatChoice = "auto" | "text" | "binary";
export type VerifyMode = "count" | "checksum";

export interface MethodOptions {
  /** The id of a snapshot that another session exported and holds. Default: pgcopy exports one. */
  readonly snapshot?: string;
  /** Compare source and target inside the snapshot, before it is let go. Default: don't. */
  readonly verify?: VerifyMode;
  /** Default `auto`: binary where both ends agree on every column's binary form. */
  readonly copyFormat?: CopyFormatChoice;
  /** Path of a pg_dump, or `bundled` for the WebAssembly one. Default: the newest local one that fits, else the bundled. */
  readonly pgDump?: string;
  /**
   * A directory, empty or to be created: rows that the target refuses are set aside there, all others are
   * copied, and the clone throws `rows_rejected`. Default: such a row ends it.
   */
  readonly rejectDir?: string;
  /** With `rejectDir`: more rejected rows in one table, or in one part of it, end the clone. Default: no bound. */
  readonly rejectLimit?: number;
  /** Techniques to do without: to measure what each brings, or to rule one out. Default: none. */
  readonly without?: readonly Technique[];
}

export interface ResolvedMethodOptions {
  readonly snapshot: string | undefined;
  readonly verify: VerifyMode | undefined;
  readonly copyFormat: CopyFormatChoice;
  readonly pgDump: string | undefined;
  readonly rejectDir: string | undefined;
  readonly rejectLimit: number | undefined;
  readonly without: ReadonlySet<Technique>;
}

export const methodOptionNames: Readonly<Record<keyof MethodOptions, true>> = {
  snapshot: true,
  verify: true,
  copyFormat: true,
  pgDump: true,
  rejectDir: true,
  rejectLimit: true,
  without: true,
};

export function resolveMethodOptions(options: MethodOptions): ResolvedMethodOptions {
  return {
    snapshot: options.snapshot === undefined ? undefined : snapshotId(options.snapshot),
    verify: oneOf("verify", options.verify, ["count", "checksum"]),
    copyFormat: oneOf("copyFormat", options.copyFormat, ["auto", "text", "binary"]) ?? "auto",
    pgDump: pgDump(options.pgDump),
    rejectDir: directory("rejectDir", options.rejectDir),
    rejectLimit: rejectLimit(options),
    without: new Set(someOf("without", options.without, techniqueNames)),
  };
}

function rejectLimit({ rejectDir, rejectLimit: value }: MethodOptions): number | undefined {
  const limit = positive("rejectLimit", value);
  if (limit === undefined || rejectDir !== undefined) return limit;
  throw new PgCopyError("rejectLimit needs rejectDir", {
    code: "usage",
    options: ["rejectLimit", "rejectDir"],
    advice: "give both, or neither",
  });
}
