/** The last line of --json of the commands that only look: `check` and `ping`. */

import type { CheckReport, PingReport } from "../library.js";
import { bothEnds, type DocumentedEvent } from "./documented-event.js";

export const checkEvent: DocumentedEvent<Omit<CheckReport, "findings">> = {
  when: "`check` has ended",
  fields: {
    ...bothEnds,
    databaseToCreate: "the target database, if it is missing",
    pgDump: "`kind`, `version`, `path`; absent if the schema could not be read",
    tables: "how many tables of the source have rows",
    bytes: "size of the source's tables",
    indexBytes: "size of their indexes",
    complete: "whether everything could be looked at",
    errors: "how many findings are errors: if any, the exit code is 4",
    warnings: "how many are warnings",
    infos: "how many are neither",
  },
};

export const pingEvent: DocumentedEvent<PingReport> = {
  when: "`ping` has ended",
  fields: {
    endpoint: "without the password",
    serverVersion: "as the server says it",
    database: "the one connected to",
    user: "the role connected as",
    superuser: "whether that is a superuser",
    latencyMs: "of one query",
    connectMs: "of connecting and authenticating",
    inRecovery: "whether it is a standby",
    databaseBytes: "size of the database",
    connections: "`used` and `max`",
    tls: "whether the connection is encrypted",
  },
};
