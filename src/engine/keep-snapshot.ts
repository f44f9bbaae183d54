/** The snapshot of a run, held twice where the source has room for one more session. */

import type { RetryPolicy } from "../run/pause.js";
import type { HeldSnapshot } from "../snapshot/held-snapshot.js";
import { KeptSnapshot } from "../snapshot/kept-snapshot.js";
import { readServerFacts } from "./check-servers.js";
import { freeOf, freeTogether } from "./fit-jobs.js";
import { openSession } from "./open-session.js";
import type { Run } from "./run.js";
import type { Servers } from "./servers.js";

/** With several databases, each has two holders and what it is read and created with: see instance.ts. */
const SESSIONS_BESIDE_JOBS = 4;

/** Takes over a snapshot for the time that tasks run. */
export async function keepSnapshot(
  snapshot: HeldSnapshot,
  servers: Servers,
  { run, retry }: { readonly run: Run; readonly retry: RetryPolicy },
): Promise<KeptSnapshot> {
  const { signal } = run;
  return await KeptSnapshot.keep(snapshot, {
    open: () => openSession(servers.source.endpoint, "source", "snapshot", signal),
    twice: await hasRoom(servers),
    retry,
    signal,
    tell: run,
  });
}

/** The jobs come first: each of them exports the snapshot, too. */
async function hasRoom({ source, target, jobs, shared }: Servers): Promise<boolean> {
  const here = await readServerFacts(source);
  const there = await readServerFacts(target);
  const { tableJobs, indexJobs } = jobs;
  const most = Math.max(2, tableJobs, indexJobs);
  const beside = shared === undefined ? 1 : 1 + most * SESSIONS_BESIDE_JOBS;
  return (
    freeOf(here) >= tableJobs + beside &&
    freeTogether(here, there) >= 2 * tableJobs + indexJobs + beside
  );
}
