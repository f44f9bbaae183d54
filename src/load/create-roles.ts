/** Creating the roles that the target lacks, all of them or none. */

import { PgCopyError } from "../errors.js";
import type { RolePlan, RoleStatement } from "../plan/roles.js";
import type { Connection } from "../postgres/connection.js";
import { commit } from "./commit.js";
import { type Refusal, tryStatements } from "./try-statements.js";

const attempted = "creating roles";

/**
 * A statement with a password's hash in it must not end in the server's log. Only a superuser may
 * say so. Each parameter is set in a statement of its own message: logging is decided on arrival.
 */
const withoutLog = `
set local log_statement = 'none';
set local log_min_duration_statement = -1;
set local log_min_error_statement = 'panic';
set local log_duration = off;
set local log_transaction_sample_rate = 0;
set local pg_stat_statements.track_utility = off`;

/**
 * Runs the plan's statements in one transaction.
 *
 * @returns what was left out because the server refused it, in words.
 * @throws PgCopyError `target_unfit`, naming every role and membership that the server refuses; then
 *   no role was created.
 */
export async function createRoles(target: Connection, plan: RolePlan): Promise<string[]> {
  if (plan.statements.length === 0) return [];
  await target.execute(attempted, "begin");
  try {
    await setUp(target);
    const refusals = await tryStatements(target, plan.statements);
    refuse(refusals.filter(({ statement }) => statement.required));
    await commit(target, "roles", []);
    return refusals.map(({ statement, reason }) => `${statement.attempted} is left out: ${reason}`);
  } catch (error) {
    if (target.usable) await target.execute(attempted, "rollback").catch(() => {});
    throw error;
  }
}

async function setUp(target: Connection): Promise<void> {
  const [row] = await target.query<{ superuser: boolean }>(
    attempted,
    "select current_setting('is_superuser') = 'on' as superuser",
  );
  if (row?.superuser === true) {
    await target.execute(attempted, withoutLog);
    if (target.serverVersion >= 130_000)
      await target.execute(attempted, "set local log_min_duration_sample = -1");
  } else if (target.serverVersion >= 160_000) {
    // Only who inherits from a role, and may become it, can make it the owner of something and go on.
    await target.execute(attempted, "set local createrole_self_grant = 'set, inherit'");
  }
}

/** @throws PgCopyError `target_unfit`, naming the roles and the attributes. */
export function refuseForbiddenRoles({ forbidden }: RolePlan): void {
  if (forbidden.length === 0) return;
  throw new PgCopyError(
    `the target's role may not create ${forbidden.length === 1 ? "a role" : `${forbidden.length} roles`} of the source`,
    { code: "target_unfit", side: "target", items: forbidden, advice },
  );
}

const advice =
  "nothing was changed; connect to the target as a superuser, or create these roles there as you may, which pgcopy then leaves as they are";

function refuse(refusals: readonly Refusal<RoleStatement>[]): void {
  if (refusals.length === 0) return;
  // A role that could not be created is missing in what comes after it: that says nothing more.
  const firsts = refusals.filter(({ sqlstate }) => sqlstate !== "42704");
  throw new PgCopyError("the target refuses to create the source's roles", {
    code: "target_unfit",
    side: "target",
    items: (firsts.length === 0 ? refusals : firsts).map(
      ({ statement, reason }) => `${statement.attempted}: ${reason}`,
    ),
    advice,
  });
}
