/** The options that say how a run is gone on with, once it was interrupted. */

import { resolve } from "node:path";
import { PgCopyError } from "../errors.js";
import { directory, flag } from "./option-values.js";

export interface ResumeOptions {
  /**
   * Go on with an unfinished run: its journal on the target says what is done. Where there is none, and
   * nothing in the way, the run begins from the start.
   */
  readonly resume?: boolean;
  /** With `resume`: go on even if the snapshot of the first rows is gone, so that the rest is of a later moment. */
  readonly notConsistent?: boolean;
  /** Start over: drop what an unfinished run of pgcopy has created, and nothing else, and begin again. */
  readonly restart?: boolean;
  /**
   * Keep the journal in this local directory, for a role that may not create a schema on the target. It is
   * made if it isn't there; `resume` and `restart` need the same one.
   */
  readonly dir?: string;
}

export interface ResolvedResumeOptions {
  readonly resume: boolean;
  readonly notConsistent: boolean;
  readonly restart: boolean;
  readonly dir: string | undefined;
}

export const resumeOptionNames: Readonly<Record<keyof ResumeOptions, true>> = {
  resume: true,
  notConsistent: true,
  restart: true,
  dir: true,
};

/**
 * For verbs that begin nothing and go on with nothing.
 *
 * @throws PgCopyError `usage`.
 */
export function refuseResume(options: ResolvedResumeOptions, verb: string): void {
  const given = (["resume", "restart"] as const).filter((name) => options[name]);
  if (given.length === 0) return;
  throw new PgCopyError(`${verb} takes no ${given.join(" or ")}`, {
    code: "usage",
    options: given,
    advice: "leave it out: only clone goes on with an unfinished run",
  });
}

export function resolveResumeOptions(options: ResumeOptions): ResolvedResumeOptions {
  const resume = flag("resume", options.resume);
  const restart = flag("restart", options.restart);
  const notConsistent = flag("notConsistent", options.notConsistent);
  if (resume && restart) {
    throw new PgCopyError("resume contradicts restart, which does all of it again", {
      code: "usage",
      options: ["resume", "restart"],
      advice: "give one of the two",
    });
  }
  if (notConsistent && !resume) {
    throw new PgCopyError("notConsistent needs resume", {
      code: "usage",
      options: ["notConsistent", "resume"],
      advice: "give both, or neither",
    });
  }
  return { resume, notConsistent, restart, dir: absolute(directory("dir", options.dir)) };
}

/** The same for the rest of the run, wherever the process goes. */
function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}
