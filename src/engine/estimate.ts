/** What the estimate of a run takes from the run itself. */

import { availableParallelism } from "node:os";
import type { ClonePlan } from "../plan/clone-plan.js";
import { type Estimate, estimateRun } from "../plan/estimate.js";
import type { Servers } from "./servers.js";

/**
 * Estimates the run of a plan.
 *
 * @param secondsBefore what was done before the first task took.
 */
export function estimateClone(plan: ClonePlan, servers: Servers, secondsBefore: number): Estimate {
  const { source, target, jobs } = servers;
  const here = isThisMachine(source.host) && isThisMachine(target.host);
  return estimateRun({
    tasks: plan.tasks,
    jobs,
    cores: here ? availableParallelism() : undefined,
    roundTripMs: { source: source.quickestMs, target: target.quickestMs },
    secondsBefore,
  });
}

/** A socket's directory, or a loopback address. A tunnel's end looks the same. */
function isThisMachine(host: string): boolean {
  return /^(\/|@|127\.|localhost$|::1$)/.test(host);
}
