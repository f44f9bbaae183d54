/** What the target holds already, and whether its database can be made. */

import { lookAtProperties } from "../engine/database-properties.js";
import { warnOfRoles } from "../engine/prepare-roles.js";
import { Run } from "../engine/run.js";
import { refusalOf, refuseMissingDatabase } from "../engine/target-checks.js";
import {
  describeLargeObjects,
  findTakenLargeObjects,
  refuseForeignLargeObjects,
} from "../load/check-large-objects.js";
import { describeObjects, findConflicts, refuseConflicts } from "../load/check-target.js";
import { planDrops } from "../load/drop-existing.js";
import { findJournal, JOURNAL_SCHEMA } from "../load/journal.js";
import { refuseOtherRun } from "../load/target-lock.js";
import type { Check, ServerContext } from "./context.js";
import { found, numberOf, refused } from "./finding.js";

export const objectsInTheWay: Check = async ({ servers, content, options }) => {
  if (!servers.targetExists || content === undefined) return [];
  const conflicts = await findConflicts(servers.source, servers.target, content.schema.entries);
  const { objects } = conflicts;
  const { largeObjects } = content.catalog;
  const taken = await findTakenLargeObjects(servers.source, servers.target, largeObjects);
  const inTheWay = objects.length + taken.length;
  if (inTheWay === 0) return [];
  if (!options.dropIfExists) refuseConflicts(objects, taken);
  await refuseForeignLargeObjects(servers.target, taken);
  await planDrops(servers.target, conflicts);
  return [
    found(
      "warning",
      "target",
      `--drop-if-exists would drop ${numberOf(inTheWay, "object")} of the target`,
      {
        items: [...describeObjects(objects), ...describeLargeObjects(taken)],
        advice: "see that nobody misses what is in them",
      },
    ),
  ];
};

export const earlierRuns: Check<ServerContext> = async ({ servers: { target, targetExists } }) => {
  if (!targetExists) return [];
  await refuseOtherRun(target);
  if (!(await findJournal(target))) return [];
  return [
    found("info", "target", "an earlier run of pgcopy was not finished", {
      advice: `go on with it by clone --resume, or start over with --restart; the schema ${JOURNAL_SCHEMA} says how far it got`,
    }),
  ];
};

/** Asked here, too, for it needs nothing of the content, which may be unreadable. */
export const newDatabase: Check = async ({ servers, catalog }) => {
  await refuseMissingDatabase(servers, catalog.database);
  return [];
};

/** In the words of the clone. */
export const differentRoles: Check = ({ options, roles }) => {
  const run = new Run(options.signal, undefined);
  if (roles !== undefined) warnOfRoles(roles, run);
  return run.warnings.map((warning) =>
    found("warning", "target", warning, { advice: "see whether that is meant" }),
  );
};

/** In the words of the clone, too. */
export const databaseProperties: Check = async ({ options, servers, content }) => {
  if (content === undefined) return [];
  const run = new Run(options.signal, undefined);
  const refusals = await refusalOf(() =>
    lookAtProperties(servers, content.attributes, options, run),
  );
  return [
    ...refusals.map((error) => refused(error)),
    ...run.warnings.map((warning) =>
      found("warning", "target", warning, { advice: "see whether that is meant" }),
    ),
  ];
};
