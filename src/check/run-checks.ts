/**
 * All checks, one small function each, in the order in which their findings are told. One that a
 * server rejects (a view that the role may not read) is a finding itself and keeps no other from its
 * turn.
 */

import { refuseTextTables } from "../engine/check-plan.js";
import { olderTarget, refuseReadOnly, refuseStatisticsCopy } from "../engine/check-servers.js";
import { incompleteSource } from "../engine/check-source.js";
import { targetChecks } from "../engine/target-checks.js";
import { lockedTables, longTransactions, preparedTransactions } from "./activity.js";
import { connections, lockSlots, visibleSessions } from "./connections.js";
import {
  foreignTables,
  libraryFunctions,
  omitted,
  tablesWithoutKey,
  unloggedTables,
} from "./content.js";
import type { Check, ServerContext } from "./context.js";
import { diskSpace } from "./disk.js";
import { extensions } from "./extensions.js";
import { type Finding, type Found, findingsOf, found, refused } from "./finding.js";
import { collationVersions, encodings, sortOrders } from "./locales.js";
import { replicaIdentities, replication } from "./replication.js";
import { targetSettings } from "./target-settings.js";
import {
  databaseProperties,
  differentRoles,
  earlierRuns,
  newDatabase,
  objectsInTheWay,
} from "./target-state.js";

/** Those that need nothing of the source's content. */
export const serverChecks: Readonly<Record<string, Check<ServerContext>>> = {
  read_only_target: ({ targetFacts }) => none(refuseReadOnly("target", targetFacts)),
  older_target: ({ servers: { source, target } }) => {
    const older = olderTarget(source, target);
    if (older === undefined) return [];
    return [
      found("warning", "target", older, {
        advice: "see what the source uses of the newer version, or take a newer target",
      }),
    ];
  },
  statistics_copy: ({ servers: { target }, options }) =>
    none(refuseStatisticsCopy(target, options)),
  connections,
  locked_tables: lockedTables,
  prepared_transactions: preparedTransactions,
  long_transactions: longTransactions,
  visible_sessions: visibleSessions,
  earlier_runs: earlierRuns,
  replication,
  replica_identities: replicaIdentities,
};

export const contentChecks: Readonly<Record<string, Check>> = {
  lock_slots: lockSlots,
  unreadable_source: ({ catalog, sourceFacts }) =>
    incompleteSource(catalog, sourceFacts.role).map((error) => refused(error)),
  ...asChecks(targetChecks),
  // In its place among those before, and also where there is no content to ask them of.
  new_database: newDatabase,
  extensions,
  objects_in_the_way: objectsInTheWay,
  roles: differentRoles,
  database_properties: databaseProperties,
  copy_format: ({ plan, options }) => none(plan && refuseTextTables(plan, options)),
  encodings,
  collation_versions: collationVersions,
  sort_orders: sortOrders,
  omissions: omitted,
  library_functions: libraryFunctions,
  foreign_tables: foreignTables,
  tables_without_key: tablesWithoutKey,
  unlogged_tables: unloggedTables,
  disk_space: diskSpace,
  target_settings: targetSettings,
};

/** Runs them one after the other: they share two sessions, and some use a transaction. */
export async function runChecks<Context>(
  checks: Readonly<Record<string, Check<Context>>>,
  context: Context,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, check] of Object.entries(checks))
    findings.push(...(await findingsOf(name, () => check(context))));
  return findings;
}

function none(_: unknown): readonly Found[] {
  return [];
}

/** What the clone refuses the target for, each with a name of its own. */
function asChecks(refusals: typeof targetChecks): Record<string, Check> {
  return Object.fromEntries(
    Object.entries(refusals).map(([name, refuse]): [string, Check] => [
      name,
      async ({ servers, content, roles, options }) => {
        if (content !== undefined && roles !== undefined)
          await refuse(servers, content, roles, options);
        return [];
      },
    ]),
  );
}
