/** Which databases are meant where none is named, and that the target's is one to copy into. */

import type { Endpoint } from "../endpoint/endpoint.js";
import { wrongEndpoint } from "../endpoint/parameters.js";
import type { Run } from "./run.js";

/** Says which database a source means that names none: it is seldom the one that was to be copied. */
export function tellSourceDatabase(endpoint: Endpoint, run: Run): void {
  if (endpoint.kind !== "server" || endpoint.databaseFrom === undefined) return;
  run.warn(`the source names no database: it is the user's own, ${endpoint.database}`);
}

/**
 * Says which database a target means that names none.
 *
 * @throws PgCopyError `usage` for a template, whose contents every new database would get; and for
 *   `postgres`, to which tools connect when they have no other, unless it is named.
 */
export function settleTargetDatabase(endpoint: Endpoint, run: Run): void {
  const { database } = endpoint;
  const advice = "name the database to copy into, as in postgres://USER@HOST/DATABASE";
  if (/^template[01]$/.test(database)) {
    throw wrongEndpoint("target", `${database} is what new databases are made from`, advice);
  }
  if (endpoint.kind !== "server" || endpoint.databaseFrom === undefined) return;
  if (database === "postgres") {
    throw wrongEndpoint(
      "target",
      "it names no database, and the user's own, postgres, is the server's maintenance database",
      `${advice}, also where postgres itself is meant`,
    );
  }
  run.info(`the target names no database: it is the user's own, ${database}`);
}
