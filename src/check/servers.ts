/** Whether both servers are such that looking further makes sense. */

import {
  readServerFacts,
  refuseSameDatabase,
  refuseTransactionPooler,
  refuseUnknownVersion,
  type ServerFacts,
} from "../engine/check-servers.js";
import { openSession } from "../engine/open-session.js";
import type { Run } from "../engine/run.js";
import type { OpenServers } from "../engine/servers.js";
import { type Finding, findingsOf } from "./finding.js";

export interface SeenServers {
  /** Absent where the findings make all that follows pointless. */
  readonly facts?: { readonly sourceFacts: ServerFacts; readonly targetFacts: ServerFacts };
  readonly findings: readonly Finding[];
}

export async function lookAtServers(servers: OpenServers, run: Run): Promise<SeenServers> {
  const { source, target } = servers;
  const versions = [
    ...(await findingsOf("server_version", () => none(refuseUnknownVersion(source)))),
    ...(await findingsOf("server_version", () => none(refuseUnknownVersion(target)))),
  ];
  if (versions.length > 0) return { findings: versions };
  const facts = {
    sourceFacts: await readServerFacts(source),
    targetFacts: await readServerFacts(target),
  };
  const findings: Finding[] = [];
  for (const end of [source, target]) {
    const probe = () => openSession(end.endpoint, end.side, "probe", run.signal);
    findings.push(
      ...(await findingsOf("pooler", async () =>
        none(await refuseTransactionPooler(end, facts[`${end.side}Facts`], probe)),
      )),
    );
  }
  if (servers.targetExists)
    findings.push(
      ...(await findingsOf("same_database", () =>
        none(refuseSameDatabase(facts.sourceFacts, facts.targetFacts)),
      )),
    );
  return findings.length > 0 ? { findings } : { facts, findings };
}

function none(_: unknown): [] {
  return [];
}
