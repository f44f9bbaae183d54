/** What a database or server holds, as rows: `pgcopy list`. */

import { type ListKind, listQueries } from "./catalog/listings.js";
import { parseEndpoint } from "./endpoint/parse-endpoint.js";
import { openEndpoint } from "./engine/open-endpoint.js";
import { openOnlySession } from "./engine/open-session.js";
import { Run } from "./engine/run.js";
import { PgCopyError, withPgCopyErrors } from "./errors.js";
import type { CommonOptions } from "./options/run-options.js";

export interface ListOptions extends CommonOptions {
  readonly endpoint: string;
}

/**
 * Lists the user's tables, indexes, sequences or extensions of a database, or the databases of its
 * server. Sizes are bytes; row counts are the planner's estimates (null when there is none).
 *
 * @throws PgCopyError `usage`, `connection_failed`, `task_failed`, `interrupted`.
 */
export async function list(kind: ListKind, options: ListOptions): Promise<ListedRow[]> {
  return await withPgCopyErrors(() => listRows(kind, options));
}

/** One listed object: its properties by name. */
export type ListedRow = Record<string, string | number | boolean | null>;

async function listRows(kind: ListKind, options: ListOptions): Promise<ListedRow[]> {
  if (!Object.hasOwn(listQueries, kind)) {
    throw new PgCopyError(
      `there is no list of ${kind}; there are: ${Object.keys(listQueries).join(", ")}`,
      {
        code: "usage",
      },
    );
  }
  const run = new Run(options.signal ?? new AbortController().signal, undefined);
  const environment = options.environment ?? {};
  const opening = { side: "source", environment, sessions: 1, signal: run.signal } as const;
  await using endpoint = await openEndpoint(
    await parseEndpoint(options.endpoint, environment, "source"),
    opening,
    run,
  );
  await using connection = await openOnlySession(endpoint.server, "list", run.signal);
  return (await connection.query(`listing ${kind}`, listQueries[kind])) as ListedRow[];
}
