/** What the estimate of a run takes from the run itself. */

import { availableParallelism } from "node:os";
import type { ClonePlan } from "../plan/clone-plan.js";
import type { EstimateInput } from "../plan/estimate.js";
import type { Servers } from "./servers.js";

/** Asks both servers for next to nothing, so that the time of a round trip is known. */
export async function measureRoundTrips({ source, target }: Servers): Promise<void> {
  for (const server of [source, source, target, target]) {
    await server.execute("measuring a round trip", "select");
  }
}

/** @param secondsBefore what was done before the first task took. */
export function estimateInput(
  { tasks }: ClonePlan,
  { source, target, jobs }: Servers,
  secondsBefore: number,
): EstimateInput {
  return {
    tasks,
    jobs,
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

/** A socket's directory, or a loopback address. A tunnel's end looks the same. */
function isThisMachine(host: string): boolean {
  return /^(\/|@|127\.|localhost$|::1$)/.test(host);
}
