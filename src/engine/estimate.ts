/** What the estimate of a run takes from the run itself. */

import { availableParallelism } from "node:os";
import type { ClonePlan } from "../plan/clone-plan.js";
import type { EstimateInput } from "../plan/estimate.js";
import type { Servers } from "./servers.js";
import { isThisMachine } from "./this-machine.js";

/** Asks both servers for next to nothing, so that the time of a round trip is known. */
export async function measureRoundTrips({ source, target }: Servers): Promise<void> {
  for (const server of [source, source, target, target]) {
    await server.execute("measuring a round trip", "select");
  }
}

/**
 * @param secondsBefore what was done before the first task took.
 * @param together how much the tasks that run at a time may weigh, if not as many run as there are jobs.
 */
export function estimateInput(
  { tasks }: ClonePlan,
  { source, target, jobs }: Servers,
  secondsBefore: number,
  together: number | undefined,
): EstimateInput {
  return {
    tasks,
    jobs,
    together,
    cores: coresOf({ source, target }),
    roundTripMs: { source: source.quickestMs, target: target.quickestMs },
    secondsBefore,
  };
}

/** This machine's, where both servers run on it; else nobody knows. */
export function coresOf({
  source,
  target,
}: Pick<Servers, "source" | "target">): number | undefined {
  return isThisMachine(source.host) && isThisMachine(target.host)
    ? availableParallelism()
    : undefined;
}
