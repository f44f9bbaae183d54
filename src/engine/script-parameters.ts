/** What a session on the target sets for the statements of a task. */

import { readBuildLimits } from "../load/build-limits.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import { asParameters, type BuildLimits, buildSettings } from "../plan/index-build.js";
import type { TaskContext } from "./execute-task.js";
import type { ProgressMeter } from "./progress.js";
import type { Run } from "./run.js";
import type { Servers } from "./servers.js";
import type { WatchedTarget } from "./watched-target.js";

interface ScriptContext {
  readonly servers: Servers;
  readonly target: WatchedTarget;
  readonly resolved: ResolvedOptions;
  readonly run: Run;
}

/**
 * The memory that the user gave, and for an index what fits it and what is left to do when its
 * build begins.
 */
export async function scriptParameters(
  plan: ClonePlan,
  { servers, target, resolved, run }: ScriptContext,
  meter: ProgressMeter,
): Promise<TaskContext["scriptParameters"]> {
  const given = resolved.maintenanceWorkMem;
  const memory = given === undefined ? {} : asParameters({ memoryBytes: given });
  const builds = plan.tasks.some(({ work }) => work.do === "scripts" && work.build !== undefined);
  if (!builds || resolved.without.has("index-settings")) return () => memory;
  const read = await target.watched.use(run.signal, readBuildLimits);
  const limits: BuildLimits = {
    ...read,
    ...(given === undefined ? {} : { memoryBytes: given, memoryIsDefault: false }),
    // What is left to do in the databases that run beside this one is not known here.
    ...(servers.shared === undefined ? {} : { workersAreDefault: false }),
  };
  const jobs = Math.max(servers.jobs.tableJobs, servers.jobs.indexJobs);
  return ({ work, cost }) => {
    if (work.do !== "scripts" || work.build === undefined) return memory;
    const load = { jobs, seconds: cost, remainingSeconds: meter.remainingSeconds };
    return { ...memory, ...asParameters(buildSettings(work.build, limits, load)) };
  };
}
