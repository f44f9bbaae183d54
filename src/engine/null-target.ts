/** `null:` as a target: what a clone reads is read, and thrown away. */

import { isNullEndpoint, parseEndpoint } from "../endpoint/parse-endpoint.js";
import { PgCopyError } from "../errors.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { Connection } from "../postgres/connection.js";
import { checkServer, versionName } from "./check-servers.js";
import { freeOf, freeWords, tooFew } from "./fit-jobs.js";
import { type OpenEndpoint, openEndpoint } from "./open-endpoint.js";
import { openSession } from "./open-session.js";
import type { Run } from "./run.js";
import { AsyncDisposableStackOf, type Servers } from "./servers.js";
import { tellSourceDatabase } from "./unnamed-database.js";

export function hasNullTarget({ target }: ResolvedOptions): boolean {
  return isNullEndpoint(target);
}

/** Options that speak of what is in the target or is to be, or of threads: only one reads. */
const withoutMeaning = {
  dropIfExists: ({ dropIfExists }) => dropIfExists,
  resume: ({ resume }) => resume,
  restart: ({ restart }) => restart,
  dir: ({ dir }) => dir !== undefined,
  roles: ({ roles }) => roles,
  databaseProperties: ({ databaseProperties }) => databaseProperties,
  requirements: ({ requirements }) => requirements.length > 0,
  verify: ({ verify }) => verify !== undefined,
  rejectDir: ({ rejectDir }) => rejectDir !== undefined,
  "threads above 1": ({ threads }) => threads !== "auto" && threads > 1,
  maintenanceWorkMem: ({ maintenanceWorkMem }) => maintenanceWorkMem !== undefined,
  "statistics copy": ({ statistics }) => statistics === "copy",
} as const satisfies Record<string, (options: ResolvedOptions) => boolean>;

/** @throws PgCopyError `usage`, naming all of them. */
export function refuseTargetOptions(options: ResolvedOptions): void {
  const given = Object.entries(withoutMeaning).filter(([, isGiven]) => isGiven(options));
  if (given.length === 0) return;
  throw new PgCopyError("these options have no meaning with the target null:", {
    code: "usage",
    side: "target",
    options: given.map(([words]) => words.split(" ")[0] ?? words),
    items: given.map(([words]) => words),
    advice: "leave them out, or name a target",
  });
}

/** The source alone. */
export interface SourceServer extends AsyncDisposable, Pick<Servers, "source" | "jobs"> {
  readonly sourceEndpoint: OpenEndpoint;
}

/**
 * Connects to the source and refuses what can't work.
 *
 * @throws PgCopyError `usage`, `connection_failed`, `source_unfit`.
 */
export async function connectSource(options: ResolvedOptions, run: Run): Promise<SourceServer> {
  const { environment, tableJobs } = options;
  const { signal } = run;
  const stack = new AsyncDisposableStackOf();
  try {
    const endpoint = await parseEndpoint(options.source, environment, "source");
    tellSourceDatabase(endpoint, run);
    const sessions = tableJobs + 3;
    const opening = { side: "source", environment, sessions, signal } as const;
    const sourceEndpoint = stack.use(await openEndpoint(endpoint, opening, run));
    const { server, description } = sourceEndpoint;
    const source = stack.use(await openSession(server, "source", "snapshot", signal));
    const serverVersion = versionName(source.serverVersion);
    run.tell({ type: "connected", side: "source", endpoint: description, serverVersion });
    return {
      source,
      sourceEndpoint,
      jobs: { tableJobs: await fitTableJobs(source, options, run), indexJobs: 0 },
      [Symbol.asyncDispose]: () => stack.dispose(),
    };
  } catch (error) {
    await stack.dispose();
    throw error;
  }
}

async function fitTableJobs(
  source: Connection,
  { tableJobs }: ResolvedOptions,
  run: Run,
): Promise<number> {
  const facts = await checkServer(source, () =>
    openSession(source.endpoint, "source", "probe", run.signal),
  );
  const free = freeOf(facts);
  if (free < 1) throw tooFew("source", facts, 1);
  if (free < tableJobs) {
    run.warn(
      `not enough free connections (source ${freeWords(facts)}): going on with ${free} table jobs in place of ${tableJobs}`,
    );
  }
  return Math.min(free, tableJobs);
}
