/**
 * What would keep a clone from succeeding, or surprise whoever runs it: looked at beforehand, all of
 * it, and nothing changed on either server.
 */

import { readForCheck } from "./check/read-source.js";
import { type CheckReport, checkReport } from "./check/report.js";
import { contentChecks, runChecks, serverChecks } from "./check/run-checks.js";
import { lookAtServers } from "./check/servers.js";
import { prepareParser } from "./engine/read-source.js";
import { parseRowRules } from "./engine/row-rules.js";
import { Run } from "./engine/run.js";
import { openServers } from "./engine/servers.js";
import { withPgCopyErrors } from "./errors.js";
import { type CheckOptions, resolveCheckOptions } from "./options/clone-options.js";
import { refuseResume } from "./options/resume-options.js";

/**
 * Looks at both ends for all that would make a clone with these options fail, surprise or take long.
 * What it asks a server by trying is rolled back.
 *
 * @throws PgCopyError `usage`, `connection_failed`, `interrupted`; of data directories also
 *   `source_unfit` and `target_unfit`. Whatever else is wrong is in the report.
 */
export async function check(options: CheckOptions): Promise<CheckReport> {
  return await withPgCopyErrors(() => checkDatabases(options));
}

async function checkDatabases(options: CheckOptions): Promise<CheckReport> {
  const { resolved, followReady } = resolveCheckOptions(options);
  refuseResume(resolved, "check");
  const run = new Run(resolved.signal, resolved.observer);
  prepareParser();
  // A mistake in a WHERE or a mask is one of usage, as for the clone.
  await parseRowRules(resolved);

  await using servers = await run.step("connect", () => openServers(resolved, run, false));
  const seen = await run.step("look at both servers", () => lookAtServers(servers, run));
  if (seen.facts === undefined) return checkReport({ servers, findings: seen.findings });
  const inServers = { options: resolved, followReady, servers, ...seen.facts };
  const findings = await run.step("check the servers", () => runChecks(serverChecks, inServers));
  const source = await run.step("read the source", () => readForCheck(servers, resolved, run));
  findings.push(...source.findings);
  if (source.catalog === undefined) return checkReport({ servers, findings });
  const context = { ...inServers, catalog: source.catalog, ...source.content };
  findings.push(...(await run.step("check the content", () => runChecks(contentChecks, context))));
  return checkReport({ servers, findings, context });
}
