/** What the target holds already, and whether its database can be made. */

import { unfit } from "../engine/check-servers.js";
import { lookAtProperties } from "../engine/database-properties.js";
import { warnOfRoles } from "../engine/prepare-roles.js";
import { Run } from "../engine/run.js";
import { refusalOf } from "../engine/target-checks.js";
import {
  describeLargeObjects,
  findTakenLargeObjects,
  refuseForeignLargeObjects,
} from "../load/check-large-objects.js";
import { refuseUnknownLocale } from "../load/check-locales.js";
import { describeObjects, findConflicts, refuseConflicts } from "../load/check-target.js";
import { refuseUnknownProvider } from "../load/create-database.js";
import { findJournal, findOtherRun, JOURNAL_SCHEMA } from "../load/journal.js";
import { quoteName } from "../postgres/quote.js";
import type { Check, ServerContext } from "./context.js";
import { found, numberOf, refused } from "./finding.js";

export const objectsInTheWay: Check = async ({ servers, content, options }) => {
  if (!servers.targetExists || content === undefined) return [];
  const { objects } = await findConflicts(servers.source, servers.target, content.schema.entries);
  const { largeObjects } = content.catalog;
  const taken = await findTakenLargeObjects(servers.source, servers.target, largeObjects);
  const inTheWay = objects.length + taken.length;
  if (inTheWay === 0) return [];
  if (!options.dropIfExists) refuseConflicts(objects, taken);
  await refuseForeignLargeObjects(servers.target, taken);
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
  if (await findOtherRun(target))
    throw unfit("target", "another pgcopy run is copying into the target", {
      advice: "wait until it has ended",
    });
  if (!(await findJournal(target))) return [];
  return [
    found("info", "target", "an earlier run of pgcopy was not finished", {
      advice: `start over with --drop-if-exists; the schema ${JOURNAL_SCHEMA} says how far it got`,
    }),
  ];
};

const mayCreateQuery = `
select r.rolsuper or r.rolcreatedb as may, r.rolname::text as role
from pg_catalog.pg_roles r where r.rolname = current_user`;

export const newDatabase: Check = async ({ servers, catalog }) => {
  if (servers.targetExists) return [];
  const { target, targetEndpoint } = servers;
  const [row] = await target.query<{ may: boolean; role: string }>(
    "looking up whether the target's role may create databases",
    mayCreateQuery,
  );
  if (row?.may === false)
    throw unfit(
      "target",
      `the target's role may not create the database ${targetEndpoint.database}`,
      {
        advice: "let it create databases, or create this one beforehand",
        statements: [
          `alter role ${quoteName(row.role)} createdb`,
          `create database ${quoteName(targetEndpoint.database)} owner ${quoteName(row.role)} template template0`,
        ],
      },
    );
  refuseUnknownProvider(target, catalog.database);
  await refuseUnknownLocale(target, catalog.database);
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
