/** What the checks look at: both servers, and as much of the source as could be read. */

import type { Catalog } from "../catalog/catalog.js";
import type { ServerFacts } from "../engine/check-servers.js";
import type { SourceContent } from "../engine/read-source.js";
import type { OpenServers } from "../engine/servers.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import type { Obstacle } from "../plan/obstacle.js";
import type { RolePlan } from "../plan/roles.js";
import type { Found } from "./finding.js";

/** What is known before the source is read. */
export interface ServerContext {
  readonly options: ResolvedOptions;
  /** Whether the source's changes are to be followed after the clone. */
  readonly followReady: boolean;
  readonly servers: OpenServers;
  readonly sourceFacts: ServerFacts;
  readonly targetFacts: ServerFacts;
}

/** What a clone would have before it prepares the target. */
export interface ReadContent {
  readonly content: SourceContent;
  readonly obstacles: readonly Obstacle[];
  /** What fitting the source to the target tells. */
  readonly notices: readonly { readonly level: "info" | "warning"; readonly message: string }[];
  readonly plan: ClonePlan;
  readonly roles: RolePlan;
}

/** Without its content, where the schema can't be read before other things are mended. */
export interface CheckContext extends ServerContext, Partial<ReadContent> {
  readonly catalog: Catalog;
}

/**
 * One thing that is looked at. What it throws as `source_unfit` or `target_unfit` is a finding, too:
 * so a function by which the clone refuses is a check as it is.
 */
export type Check<Context = CheckContext> = (
  context: Context,
) => Promise<readonly Found[]> | readonly Found[];

/** Bytes of the source's tables, and of their indexes. */
export function sizesOf({ tables, indexes }: Catalog): {
  readonly tables: number;
  readonly indexes: number;
} {
  const sum = (objects: readonly { readonly bytes: number }[]) =>
    objects.reduce((total, { bytes }) => total + bytes, 0);
  return { tables: sum(tables), indexes: sum(indexes) };
}
