/** The options that say what happens when a part of the work fails. */

import { flag } from "./option-values.js";

export interface FailureOptions {
  /**
   * After a failure, do all the same what doesn't need what failed, and throw all failures at the end.
   * Default: the first one stops all.
   */
  readonly keepGoing?: boolean;
}

export interface ResolvedFailureOptions {
  readonly keepGoing: boolean;
}

export const failureOptionNames: Readonly<Record<keyof FailureOptions, true>> = { keepGoing: true };

export function resolveFailureOptions({ keepGoing }: FailureOptions): ResolvedFailureOptions {
  return { keepGoing: flag("keepGoing", keepGoing) };
}
