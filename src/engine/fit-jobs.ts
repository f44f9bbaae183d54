/** How many jobs the two servers have connections for. */

import type { PgCopyError, Side } from "../errors.js";
import { type ServerFacts, unfit } from "./check-servers.js";
import type { Run } from "./run.js";

/** The facts of a target whose database will be made: the session that copies is then another one. */
export function besideNewDatabase(target: ServerFacts): ServerFacts {
  return {
    ...target,
    freeOnServer: target.freeOnServer - 1,
    freeForRole: target.freeForRole - 1,
    freeInDatabase: Number.POSITIVE_INFINITY,
  };
}

interface Jobs {
  readonly tableJobs: number;
  readonly indexJobs: number;
}

/**
 * Fits the jobs to the free connections of both servers, and says so when there are not enough.
 *
 * @throws PgCopyError when not even one job of each kind has a connection.
 */
export function fitJobs(wanted: Jobs, source: ServerFacts, target: ServerFacts, run: Run): Jobs {
  const onSource = freeOf(source);
  const onTarget = freeOf(target);
  const onBoth = freeTogether(source, target);
  // The source: pg_dump's session is gone when copying begins; ours that holds the snapshot is open already.
  if (onSource < 1) throw tooFew("source", source, 1);
  if (onTarget < 2) throw tooFew("target", target, 2);
  if (onBoth < 3) throw tooFew("target", { ...target, freeOnServer: onBoth }, 3);
  const fits = (jobs: Jobs) =>
    jobs.tableJobs <= Math.min(wanted.tableJobs, onSource) &&
    jobs.indexJobs <= wanted.indexJobs &&
    jobs.tableJobs + jobs.indexJobs <= onTarget &&
    2 * jobs.tableJobs + jobs.indexJobs <= onBoth;
  const { tableJobs, indexJobs } = growWhile(fits);
  if (tableJobs < wanted.tableJobs || indexJobs < wanted.indexJobs) {
    run.warn(
      `not enough free connections (source ${freeWords(source)}, target ${freeWords(target)}): ` +
        `going on with ${tableJobs} table jobs and ${indexJobs} index jobs in place of ${wanted.tableJobs} and ${wanted.indexJobs}`,
    );
  }
  return { tableJobs, indexJobs };
}

/** From one job of each kind to as many as fit, as evenly as they fit. */
function growWhile(fits: (jobs: Jobs) => boolean): Jobs {
  let jobs: Jobs = { tableJobs: 1, indexJobs: 1 };
  for (;;) {
    const oneMore = [
      { ...jobs, tableJobs: jobs.tableJobs + 1 },
      { ...jobs, indexJobs: jobs.indexJobs + 1 },
    ];
    if (jobs.indexJobs < jobs.tableJobs) oneMore.reverse();
    const next = oneMore.find(fits);
    if (next === undefined) return jobs;
    jobs = next;
  }
}

/** Connections that a further session can have. */
export function freeOf({ freeOnServer, freeForRole, freeInDatabase }: ServerFacts): number {
  return Math.min(freeOnServer, freeForRole, freeInDatabase);
}

/** Of the limit that leaves the fewest: `3 of the role's 5`. */
export function freeWords(facts: ServerFacts): string {
  const free = freeOf(facts);
  return `${Math.max(0, free)} of ${limitWords(facts, free)}`;
}

function limitWords(facts: ServerFacts, free: number): string {
  if (facts.freeForRole === free) return `the role's ${facts.roleLimit}`;
  if (facts.freeInDatabase === free) return `the database's ${facts.databaseLimit}`;
  return `the server's ${facts.serverLimit}`;
}

/** What both ends have to share: on the same server its connections, and as the same role that role's. */
export function freeTogether(source: ServerFacts, target: ServerFacts): number {
  if (source.started !== target.started) return Number.POSITIVE_INFINITY;
  const onServer = Math.min(source.freeOnServer, target.freeOnServer);
  if (source.role !== target.role) return onServer;
  return Math.min(onServer, source.freeForRole, target.freeForRole);
}

export function tooFew(side: Side, facts: ServerFacts, needed: number): PgCopyError {
  return unfit(
    side,
    `the ${side} has too few free connections (${freeWords(facts)}); at least ${needed} more are needed`,
    {
      advice:
        "close sessions, or raise max_connections or the role's or database's connection limit",
    },
  );
}
