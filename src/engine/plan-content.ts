/** The plan for what was read of a source, as every verb makes it. */

import type { ResolvedOptions } from "../options/clone-options.js";
import { type ClonePlan, planClone } from "../plan/clone-plan.js";
import { coresOf } from "./estimate.js";
import type { SourceContent } from "./read-source.js";
import type { OpenServers, Servers } from "./servers.js";

type Ends = Pick<OpenServers, "source" | "target"> & Partial<Pick<Servers, "jobs">>;

/**
 * Plans the copy of `content`, fitted to the target, with all that it says of the options.
 *
 * @param ends with as many jobs as there are sessions for, where that is known; else those of the options.
 */
export function planContent(
  content: SourceContent,
  { source, target, jobs }: Ends,
  options: ResolvedOptions,
): ClonePlan {
  const { tableJobs, indexJobs } = jobs ?? options;
  return planClone(content.catalog, content.schema, {
    ...options,
    tableJobs,
    capacity: { tableJobs, indexJobs, cores: coresOf({ source, target }) },
    keyBounds: content.keyBounds,
    tableRows: content.rowSelection.tableRows,
    targetVersion: target.serverVersion,
    pgDumpMajor: content.pgDump.major,
    copiedStatistics: content.statistics,
    analyzeAnyway: content.analyzeAnyway,
    hooks: content.hooks,
  });
}
