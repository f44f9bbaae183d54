/** The plan for what was read of a source, as every verb makes it. */

import type { ResolvedOptions } from "../options/clone-options.js";
import { type ClonePlan, planClone } from "../plan/clone-plan.js";
import { coresOf } from "./estimate.js";
import type { SourceContent } from "./read-source.js";
import type { OpenServers } from "./servers.js";

/** Plans the copy of `content`, fitted to the target, with all that it says of the options. */
export function planContent(
  content: SourceContent,
  { source, target }: Pick<OpenServers, "source" | "target">,
  options: ResolvedOptions,
): ClonePlan {
  const { tableJobs, indexJobs } = options;
  return planClone(content.catalog, content.schema, {
    ...options,
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
