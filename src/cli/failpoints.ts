/**
 * Arming failpoints, for tests of pgcopy: `PGCOPY_FAILPOINTS=copy.before-commit=kill@3,index.begin=error`
 * (CONTRIBUTING.md).
 */

import { PgCopyError } from "../errors.js";
import {
  armFailpoints,
  type FailpointSpec,
  failpointActions,
  failpoints,
} from "../run/failpoints.js";
import type { Output } from "./output.js";

const VARIABLE = "PGCOPY_FAILPOINTS";

/**
 * Arms what the environment names; one that acts is told on stderr.
 *
 * @throws PgCopyError `usage`.
 */
export function armFromEnvironment({ environment, stderr }: Output): void {
  armFailpoints(parseFailpoints(environment[VARIABLE] ?? ""), ({ name, action }) => {
    stderr.write(`failpoint ${name}: ${action}\n`);
  });
}

/** @throws PgCopyError `usage`. */
export function parseFailpoints(text: string): FailpointSpec[] {
  return text
    .split(",")
    .filter((one) => one !== "")
    .map(parseOne);
}

function parseOne(text: string): FailpointSpec {
  const match = /^([\w.-]+)=(\w+)(?:@(\d+))?$/.exec(text);
  const name = failpoints.find((known) => known === match?.[1]);
  const action = failpointActions.find((known) => known === match?.[2]);
  const hit = Number(match?.[3] ?? 1);
  if (name !== undefined && action !== undefined && hit > 0) return { name, action, hit };
  throw new PgCopyError(`${VARIABLE}: ${text} is no failpoint`, {
    code: "usage",
    items: name === undefined ? failpoints : [],
    advice: `write NAME=ACTION or NAME=ACTION@HIT; an ACTION is one of ${failpointActions.join(", ")}`,
  });
}
