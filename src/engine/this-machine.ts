/** Whether both servers share the cores of this machine, and how many tasks they can do at a time. */

import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { ResolvedOptions } from "../options/clone-options.js";
import { togetherOn } from "../plan/cost.js";
import type { Connection } from "../postgres/connection.js";
import type { Run } from "./run.js";
import type { Servers } from "./servers.js";

/**
 * How much the tasks that run at a time may weigh, of both kinds of jobs together; undefined where only the
 * jobs bound them: servers on other machines have cores of their own. With four copies at a time on two cores,
 * that of the largest table took as long as all of them, and its indexes were built when nothing else was
 * left to do; and the target spent a tenth more CPU (docs/performance.md#more-jobs-than-cores).
 */
export async function tasksTogether(
  { source, target }: Pick<Servers, "source" | "target">,
  { without }: Pick<ResolvedOptions, "without">,
): Promise<number | undefined> {
  if (without.has("fit-to-cores")) return undefined;
  const here = (await runsHere(source)) && (await runsHere(target));
  return here ? togetherOn(availableParallelism()) : undefined;
}

/** So that nobody wonders where the other jobs are. */
export function tellOfCores(
  { jobs: { tableJobs, indexJobs } }: Pick<Servers, "jobs">,
  together: number | undefined,
  run: Run,
): void {
  if (together === undefined || Math.max(togetherOn(tableJobs), indexJobs) <= together) return;
  const cores = availableParallelism();
  const builds = Math.floor(together);
  run.info(
    `both servers share this machine's ${cores === 1 ? "core" : `${cores} cores`}: no more than ${cores} large copies, or ${builds} other tasks, run at a time (fit-to-cores)`,
  );
}

/** A socket's directory, or a loopback address. A tunnel's end looks the same. */
export function isThisMachine(host: string): boolean {
  return /^(\/|@|127\.|localhost$|::1$)/.test(host);
}

/** Whether the session's server process is one of this machine's, and not behind a tunnel. Linux only. */
async function runsHere({ host, processId }: Connection): Promise<boolean> {
  if (!isThisMachine(host)) return false;
  const name = await readFile(`/proc/${processId}/comm`, "utf8").catch(() => "");
  return name.trim() === "postgres";
}
