/** As much of the source as can be read: what keeps the rest from being read is a finding. */

import type { Catalog } from "../catalog/catalog.js";
import { readCatalog } from "../catalog/read-catalog.js";
import { refuseBrokenForeignKeys } from "../engine/check-foreign-keys.js";
import { explainBytes } from "../engine/check-source.js";
import { fitToTarget } from "../engine/fit-to-target.js";
import { planContent } from "../engine/plan-content.js";
import { planSourceRoles } from "../engine/prepare-roles.js";
import { readSource } from "../engine/read-source.js";
import { Run } from "../engine/run.js";
import type { OpenServers } from "../engine/servers.js";
import { PgCopyError } from "../errors.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import { type HeldSnapshot, holdSnapshot } from "../snapshot/held-snapshot.js";
import type { ReadContent } from "./context.js";
import { type Finding, findingsOf, found } from "./finding.js";

/** How long to wait for a table that somebody has locked, in milliseconds. */
const LOCK_WAIT_MS = 5_000;
const LOCK_NOT_AVAILABLE = "55P03";

export interface ReadSource {
  /** Absent: not even the catalog could be read. */
  readonly catalog?: Catalog;
  /** Absent: the schema could not be read. */
  readonly content?: ReadContent;
  readonly findings: readonly Finding[];
}

/**
 * Reads the source in a snapshot, and lets go of it.
 *
 * @throws PgCopyError `source_unfit` if names or definitions can't be read at all.
 */
export async function readForCheck(
  servers: OpenServers,
  options: ResolvedOptions,
  run: Run,
): Promise<ReadSource> {
  const { source } = servers;
  const findings: Finding[] = [];
  const snapshot = await holdAny(servers, options, findings);
  // Sizes and definitions wait for tables that somebody has locked, as pg_dump does.
  await source.execute("limiting the wait", `set local lock_timeout = ${LOCK_WAIT_MS}`);
  try {
    const catalog = await readCatalog(source);
    const reading = { servers, snapshot, options, run, findings };
    // What filters leave out need not be readable.
    const closed =
      options.filters === undefined &&
      [...catalog.tables, ...catalog.sequences].some(({ readable }) => !readable);
    const content = closed ? unread(findings) : await readContent(reading);
    if (content === undefined) return { catalog, findings };
    return { catalog: content.content.catalog, findings, content };
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.server?.sqlstate !== LOCK_NOT_AVAILABLE)
      throw explainBytes(error);
    const title = `the source could not be read within ${LOCK_WAIT_MS / 1000} s: tables are locked`;
    const advice = "wait until they are free (locked_tables names them), and check again";
    findings.push({ check: "schema", ...found("error", "source", title, { advice }) });
    return { findings };
  } finally {
    if (source.usable) await snapshot.release();
  }
}

/** With a snapshot that was given but lives no more, one of our own: there is more to look at. */
async function holdAny(
  { source }: OpenServers,
  { snapshot }: ResolvedOptions,
  findings: Finding[],
): Promise<HeldSnapshot> {
  const held: HeldSnapshot[] = [];
  const refusals = await findingsOf("snapshot", async () => {
    held.push(await holdSnapshot(source, snapshot));
    return [];
  });
  findings.push(...refusals);
  const [first] = held;
  if (first !== undefined) return first;
  await source.execute("rolling back", "rollback");
  return await holdSnapshot(source);
}

function unread(findings: Finding[]): undefined {
  const title = "what the source's schema needs of the target was not looked at";
  const advice = "let the role read all of the source, and check again";
  findings.push({ check: "schema", ...found("info", "source", title, { advice }) });
  return undefined;
}

interface Reading {
  readonly servers: OpenServers;
  readonly snapshot: HeldSnapshot;
  readonly options: ResolvedOptions;
  readonly run: Run;
  readonly findings: Finding[];
}

/** As the clone reads and plans it; undefined where that is refused. */
async function readContent(reading: Reading): Promise<ReadContent | undefined> {
  const { servers, snapshot, options, run, findings } = reading;
  const read: ReadContent[] = [];
  const refusals = await findingsOf("schema", async () => {
    const source = await readSource(snapshot, options, run, { lockWaitMs: LOCK_WAIT_MS });
    const notices: ReadContent["notices"][number][] = [];
    const listening = new Run(run.signal, (event) => {
      if (event.type === "notice") notices.push(event);
    });
    const { content, obstacles } = await fitToTarget(servers, source, options, listening);
    const plan = planContent(content, servers, options);
    const roles = await planSourceRoles(servers.target, content.roles, options);
    read.push({ content, obstacles, notices, plan, roles });
    return [];
  });
  findings.push(...refusals);
  const [first] = read;
  if (first !== undefined) findings.push(...(await brokenForeignKeys(reading, first)));
  return first;
}

/** Asked of the snapshot, which is let go of before the other checks. */
async function brokenForeignKeys(
  { servers, snapshot, run }: Reading,
  { content }: ReadContent,
): Promise<Finding[]> {
  const oneByOne = { ...servers, jobs: { tableJobs: 1, indexJobs: 1 }, threads: 1 };
  return await findingsOf("foreign_keys", async () => {
    await refuseBrokenForeignKeys(oneByOne, snapshot, content, run);
    return [];
  });
}
