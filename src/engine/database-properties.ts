/**
 * What the target database is to be beside its content. One that the run created gets all of it, at
 * the end: a connection limit or default_transaction_read_only would hinder the run itself. One that
 * was there keeps its own, unless `--database-properties` says otherwise, and what differs is told.
 */

import type { DatabaseAttributes } from "../catalog/database-attributes.js";
import { readDatabaseAttributes } from "../catalog/database-attributes.js";
import {
  applyAttributes,
  findRefusedSettings,
  findTablespace,
  readRoleNames,
  refuseForeignDatabase,
} from "../load/database-attributes.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import { type AttributePlan, planAttributes } from "../plan/database-attributes.js";
import type { Connection } from "../postgres/connection.js";
import { displayName } from "../postgres/quote.js";
import { failpoint } from "../run/failpoints.js";
import type { PreparedTarget } from "./prepare-target.js";
import type { Run } from "./run.js";
import type { Servers } from "./servers.js";

/** What was found out beforehand, for `applyDatabaseProperties`. */
export interface PlannedProperties {
  /** Whether the run makes them the source's. */
  readonly wanted: boolean;
  /** Settings that the target refuses, as `name=value`. */
  readonly refused: ReadonlySet<string>;
  /** What would be altered in a database that is there, in words. */
  readonly differences: readonly string[];
}

/** For a database that is to be created: which settings it can't have. */
export async function planNewDatabase(
  target: Connection,
  source: DatabaseAttributes,
  run: Run,
): Promise<PlannedProperties> {
  return { wanted: true, refused: await refusedSettings(target, source, run), differences: [] };
}

/** For a database that is there: tells what differs and, with `databaseProperties`, what can't be had. */
export async function planExistingDatabase(
  target: Connection,
  source: DatabaseAttributes,
  options: ResolvedOptions,
  run: Run,
): Promise<PlannedProperties> {
  const there = await readDatabaseAttributes(target);
  const { changes, fixed, omissions } = await planFor(target, source, there, options);
  const name = displayName(there.properties.name);
  const differences = [...new Set(changes.map(({ difference }) => difference))];
  if (fixed.length > 0) {
    run.warn(`the target database ${name} was made otherwise, which stays so: ${fixed.join("; ")}`);
  }
  if (options.databaseProperties) {
    for (const omission of omissions) run.warn(omission);
    return { wanted: true, refused: await refusedSettings(target, source, run), differences };
  }
  if (differences.length > 0) {
    run.warn(
      `the target database ${name} keeps its own properties (--database-properties applies the source's): ${differences.join("; ")}`,
    );
  }
  return { wanted: false, refused: new Set(), differences };
}

/**
 * Tells and refuses the same as a clone would. Looks only.
 *
 * @throws PgCopyError `target_unfit`, once all is told.
 */
export async function lookAtProperties(
  { target, targetExists }: Pick<Servers, "target" | "targetExists">,
  source: DatabaseAttributes,
  options: ResolvedOptions,
  run: Run,
): Promise<void> {
  if (!targetExists) {
    await planNewDatabase(target, source, run);
    if (!options.noTablespaces) await chooseTablespace(target, source, run);
    return;
  }
  const { wanted, differences } = await planExistingDatabase(target, source, options, run);
  if (wanted) await refuseForeignDatabase(target, differences);
}

/** Makes the target database what the source's is; what the server refuses is a warning. */
export async function applyDatabaseProperties(
  { control, properties, databaseCreated }: PreparedTarget,
  source: DatabaseAttributes,
  options: ResolvedOptions,
  run: Run,
): Promise<void> {
  const { wanted, refused } = properties;
  if (wanted) {
    const there = await readDatabaseAttributes(control);
    const { changes, omissions } = await planFor(control, source, there, { ...options, refused });
    // Of a database that was there they were told before.
    if (databaseCreated) for (const omission of omissions) run.warn(omission);
    for (const words of await applyAttributes(control, changes)) run.warn(words);
  }
  await failpoint("properties.applied", control.signal);
}

/** The tablespace for a database that is to be created; undefined for the target's default. */
export async function chooseTablespace(
  target: Connection,
  source: DatabaseAttributes,
  run: Run,
): Promise<string | undefined> {
  const name = source.tablespace;
  if (name === "pg_default") return undefined;
  const found = await findTablespace(target, name);
  if (found === "usable") return name;
  const why =
    found === "missing"
      ? "the target has none of this name"
      : "the target's role may not create in it";
  run.warn(`the database's tablespace ${displayName(name)} is left out: ${why}`);
  return undefined;
}

async function planFor(
  target: Connection,
  source: DatabaseAttributes,
  there: DatabaseAttributes,
  options: Pick<ResolvedOptions, "noOwner" | "noAcl"> & Partial<Pick<PlannedProperties, "refused">>,
): Promise<AttributePlan> {
  const { noOwner, noAcl, refused = new Set() } = options;
  const roles = await readRoleNames(target);
  return planAttributes(source, there, { noOwner, noAcl, refused, roles });
}

async function refusedSettings(
  target: Connection,
  source: DatabaseAttributes,
  run: Run,
): Promise<ReadonlySet<string>> {
  const all = [...source.settings, ...source.roleSettings.map(({ setting }) => setting)];
  const refused = await findRefusedSettings(target, all);
  for (const [setting, reason] of refused) {
    const name = setting.slice(0, setting.indexOf("="));
    run.warn(`the database's setting ${name} is left out: ${reason}`);
  }
  return new Set(refused.keys());
}
