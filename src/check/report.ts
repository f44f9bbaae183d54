/** The findings as plain data: the command line prints it, `--json` writes it. */

import { versionName } from "../engine/check-servers.js";
import type { SourceContent } from "../engine/read-source.js";
import type { OpenServers } from "../engine/servers.js";
import { type CheckContext, sizesOf } from "./context.js";
import type { Finding, Severity } from "./finding.js";

export interface CheckReport {
  readonly source: string;
  readonly target: string;
  readonly sourceVersion: string;
  readonly targetVersion: string;
  /** The target database's name, if the clone would create it. */
  readonly databaseToCreate?: string;
  /** The pg_dump that read the schema; absent if it could not be read. */
  readonly pgDump?: SourceContent["pgDump"];
  /** How many tables of the source have rows; absent where it could not be read at all. */
  readonly tables?: number;
  /** Of the source's tables, and of their indexes. */
  readonly bytes?: number;
  readonly indexBytes?: number;
  /** Whether everything could be looked at: if not, there may be more to find. */
  readonly complete: boolean;
  /** How many findings are of which severity; a clone is expected to succeed without errors. */
  readonly errors: number;
  readonly warnings: number;
  readonly infos: number;
  /** Errors first. */
  readonly findings: readonly Finding[];
}

export interface CheckReportInput {
  readonly servers: OpenServers;
  readonly findings: readonly Finding[];
  /** Absent where the servers alone are reason enough to stop. */
  readonly context?: CheckContext;
}

/** What ends the reading of the source is found again by the check that asks for it. */
function withoutRepeats(findings: readonly Finding[]): Finding[] {
  const said = new Set<string>();
  return findings.filter(({ side, title }) => {
    const words = `${side}: ${title}`;
    return !said.has(words) && said.add(words);
  });
}

const severities: readonly Severity[] = ["error", "warning", "info"];

export function checkReport(input: CheckReportInput): CheckReport {
  const { servers, context } = input;
  const findings = withoutRepeats(input.findings);
  const count = (severity: Severity) => findings.filter((one) => one.severity === severity).length;
  return {
    source: servers.sourceEndpoint.description,
    target: servers.targetEndpoint.description,
    sourceVersion: versionName(servers.source.serverVersion),
    targetVersion: versionName(servers.target.serverVersion),
    ...(servers.targetExists ? {} : { databaseToCreate: servers.targetEndpoint.database }),
    ...(context === undefined ? {} : contents(context)),
    complete: context?.content !== undefined,
    errors: count("error"),
    warnings: count("warning"),
    infos: count("info"),
    findings: findings.toSorted(
      (a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity),
    ),
  };
}

function contents({ catalog, content }: CheckContext) {
  const { tables, indexes } = sizesOf(catalog);
  return {
    ...(content === undefined ? {} : { pgDump: content.pgDump }),
    tables: catalog.tables.filter(({ kind }) => kind === "table").length,
    bytes: tables,
    indexBytes: indexes,
  };
}
