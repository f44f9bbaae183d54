/** A prepared target whose control session is opened again when it is lost. */

import type { RetryPolicy } from "../run/pause.js";
import type { PreparedTarget } from "./prepare-target.js";
import type { Run } from "./run.js";
import { TargetControl } from "./target-control.js";

export interface WatchedTarget extends PreparedTarget {
  readonly watched: TargetControl;
}

/** The same target; `control` is the session that is open at the time. */
export function watchTarget(
  target: PreparedTarget | WatchedTarget,
  run: Run,
  retry: RetryPolicy,
): WatchedTarget {
  if ("watched" in target) return target;
  const watched = new TargetControl(target.control, run, retry);
  const { databaseCreated, properties, rolesCreated } = target;
  return {
    databaseCreated,
    properties,
    rolesCreated,
    watched,
    get control() {
      return watched.connection;
    },
    [Symbol.asyncDispose]: () => watched[Symbol.asyncDispose](),
  };
}
