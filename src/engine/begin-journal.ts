/** Beginning the journal: from here on a failure leaves something behind, and a way to go on. */

import { nameObjects } from "../load/check-target.js";
import type { Journal } from "../load/journal-store.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import type { HeldSnapshot } from "../snapshot/held-snapshot.js";
import { snapshotIdentity } from "../snapshot/identity.js";
import { version } from "../version.js";
import { openJournal } from "./open-journal.js";
import type { PreparedTarget } from "./prepare-target.js";
import type { SourceContent } from "./read-source.js";
import type { Servers } from "./servers.js";
import { storeRun } from "./stored-run.js";

export interface RunToBegin {
  readonly servers: Pick<Servers, "source" | "sourceEndpoint">;
  readonly snapshot: HeldSnapshot;
  readonly plan: ClonePlan;
  readonly content: SourceContent;
  readonly target: PreparedTarget;
  readonly resolved: ResolvedOptions;
}

/** Begins the journal, in place of one that an earlier run left. */
export async function beginJournal(begun: RunToBegin): Promise<Journal> {
  const { servers, snapshot, content, target, resolved } = begun;
  const journal = openJournal(target.control, resolved);
  const objects = await nameObjects(servers.source, content.schema.entries);
  const stored = await storeRun({ ...begun, objects, pgcopyVersion: version });
  const attempt = {
    // One that was given is held by somebody who may outlive us; ours ends with us.
    snapshot: resolved.snapshot ?? snapshot.id,
    snapshotIdentity: await snapshotIdentity(servers.source),
    pgcopyVersion: version,
  };
  await journal.begin(stored.run, attempt, stored.plan);
  return journal;
}
