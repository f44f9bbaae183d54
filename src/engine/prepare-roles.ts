/** The source's roles on the target (`--roles`): what is missing, whether it may be made, and making it. */

import { mayReadPasswords, type Roles, readRoles } from "../catalog/roles.js";
import { createRoles, refuseForbiddenRoles } from "../load/create-roles.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import { planRoles, type RolePlan } from "../plan/roles.js";
import type { Connection } from "../postgres/connection.js";
import { displayName } from "../postgres/quote.js";
import { unfit } from "./check-servers.js";
import type { Run } from "./run.js";

const nothing: RolePlan = {
  created: [],
  statements: [],
  forbidden: [],
  differences: [],
  omissions: [],
};

/**
 * Reads the source's roles, if they are asked for.
 *
 * @throws PgCopyError `source_unfit` if their passwords are wanted and can't be read.
 */
export async function readSourceRoles(
  source: Connection,
  options: ResolvedOptions,
): Promise<Roles | undefined> {
  if (!options.roles) return undefined;
  if (!options.noRolePasswords && !(await mayReadPasswords(source))) {
    throw unfit("source", "the source's role may not read the passwords of roles (pg_authid)", {
      advice:
        "give --no-role-passwords: roles are then created without a password, to be set by you; or connect to the source as a superuser",
    });
  }
  return await readRoles(source, !options.noRolePasswords);
}

/** What `--roles` would do on the target. Looks only. */
export async function planSourceRoles(
  target: Connection,
  source: Roles | undefined,
  options: ResolvedOptions,
): Promise<RolePlan> {
  if (source === undefined) return nothing;
  const there = await readRoles(target, false);
  const own = there.roles.find(({ name }) => name === there.current);
  return planRoles(source, there, {
    withPasswords: !options.noRolePasswords,
    becomeMember: own?.superuser !== true && !options.noOwner,
  });
}

/** Tells what the roles of both ends differ in, and what is left out. */
export function warnOfRoles(plan: RolePlan, run: Run): void {
  const { differences, omissions } = plan;
  if (differences.length > 0) {
    const many = differences.length > 1;
    run.warn(
      `${many ? `${differences.length} roles are` : "a role is"} on the target already and left as ${many ? "they are" : "it is"}, though other than on the source: ${differences.join("; ")}`,
    );
  }
  for (const omission of omissions) run.warn(omission);
}

/**
 * Creates the missing roles, all or none.
 *
 * @returns their names.
 * @throws PgCopyError `target_unfit`; then there are none.
 */
export async function createMissingRoles(
  target: Connection,
  plan: RolePlan,
  run: Run,
): Promise<readonly string[]> {
  refuseForbiddenRoles(plan);
  for (const omission of await createRoles(target, plan)) run.warn(omission);
  const { created } = plan;
  run.stays.roles = created;
  if (created.length > 0) {
    const names = created.map((name) => displayName(name)).join(", ");
    run.info(`created ${created.length === 1 ? "the role" : `${created.length} roles:`} ${names}`);
  }
  return created;
}
