/**
 * What must be true of the target before the clone changes it, but for objects in the way, which
 * may be dropped. `clone` stops at the first that is not; `plan` and `check` tell of all.
 */

import type { DatabaseProperties } from "../catalog/catalog.js";
import { PgCopyError } from "../errors.js";
import { largeObjectRoles } from "../load/check-large-objects.js";
import { refuseUnknownCollations } from "../load/check-locales.js";
import { refuseNewDatabase } from "../load/check-new-database.js";
import {
  refuseForeignPublicSchema,
  refuseOwnersWithoutSchema,
  refuseUnassignableOwners,
} from "../load/check-owners.js";
import { refuseClosedTarget } from "../load/check-privileges.js";
import { refuseRestrictedActs } from "../load/check-restricted.js";
import { refuseMissingLabelProviders } from "../load/check-security-labels.js";
import { findMissingRoles, refuseMissingRoles } from "../load/check-target.js";
import { ownerOfNewDatabase } from "../load/create-database.js";
import { refuseForbiddenRoles } from "../load/create-roles.js";
import type { LargeObjectOwnership } from "../load/large-object-statements.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { RolePlan } from "../plan/roles.js";
import type { SourceContent } from "./read-source.js";
import type { OpenServers } from "./servers.js";

type Servers = Pick<OpenServers, "source" | "target" | "targetEndpoint" | "targetExists">;
type Content = Pick<SourceContent, "schema" | "catalog">;
type TargetCheckOptions = LargeObjectOwnership & Partial<Pick<ResolvedOptions, "dir">>;

/** Each throws `target_unfit`, before anything is changed. In the order in which they are asked. */
export const targetChecks: Readonly<
  Record<
    string,
    (
      servers: Servers,
      content: Content,
      roles: RolePlan,
      options: TargetCheckOptions,
    ) => Promise<void>
  >
> = {
  new_database: (servers, { catalog }) => refuseMissingDatabase(servers, catalog.database),
  forbidden_roles: async (_servers, _content, roles) => refuseForbiddenRoles(roles),
  missing_roles: async ({ target }, { schema, catalog }, roles, options) => {
    const ofLargeObjects = largeObjectRoles(catalog.largeObjects, options);
    refuseMissingRoles(await findMissingRoles(target, schema, roles.created, ofLargeObjects));
  },
  unassignable_owners: ({ target }, { schema, catalog }, _roles, options) =>
    refuseUnassignableOwners(target, schema, largeObjectRoles(catalog.largeObjects, options)),
  owners_without_schema: async ({ source, target, targetExists }, { schema, catalog }) =>
    refuseOwnersWithoutSchema(
      source,
      target,
      schema,
      targetExists ? undefined : await ownerOfNewDatabase(target, catalog.database),
    ),
  public_schema: ({ target, targetExists }, { schema }) =>
    refuseForeignPublicSchema(target, schema, !targetExists),
  restricted_objects: ({ target }, { schema }) => refuseRestrictedActs(target, schema),
  label_providers: ({ target }, { schema }) => refuseMissingLabelProviders(target, schema),
  unknown_collations: ({ source, target }, { schema }) =>
    refuseUnknownCollations(source, target, schema),
  closed_target: async ({ source, target, targetExists }, { schema, catalog }, _roles, { dir }) => {
    const journal = dir === undefined ? "schema" : "directory";
    const largeObjects = catalog.largeObjects.ranges.length > 0;
    if (targetExists) await refuseClosedTarget(source, target, schema, { journal, largeObjects });
  },
};

/** @throws PgCopyError `target_unfit` if the target's database is missing and can't be created. */
export async function refuseMissingDatabase(
  { target, targetEndpoint, targetExists }: Servers,
  source: DatabaseProperties,
): Promise<void> {
  if (!targetExists) await refuseNewDatabase(target, targetEndpoint.database, source);
}

/** @throws PgCopyError `target_unfit` for the first thing that is wrong. */
export async function refuseUnfitTarget(
  servers: Servers,
  content: Content,
  roles: RolePlan,
  options: TargetCheckOptions,
): Promise<void> {
  for (const check of Object.values(targetChecks)) await check(servers, content, roles, options);
}

/** All for which the target would be refused. */
export async function targetRefusals(
  servers: Servers,
  content: Content,
  roles: RolePlan,
  options: TargetCheckOptions,
): Promise<PgCopyError[]> {
  const refusals: PgCopyError[] = [];
  for (const check of Object.values(targetChecks))
    refusals.push(...(await refusalOf(() => check(servers, content, roles, options))));
  return refusals;
}

/** The `target_unfit` that it throws, or none. */
export async function refusalOf(ask: () => Promise<unknown>): Promise<PgCopyError[]> {
  try {
    await ask();
    return [];
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.code !== "target_unfit") throw error;
    return [error];
  }
}
