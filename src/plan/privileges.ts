/** GRANT and REVOKE, fitted to the target's version. */

import { statementCost } from "./cost.js";
import { type CloneTask, newTask, PRE_DATA, type Script, scriptOf } from "./task.js";
import type { TocEntry } from "./toc.js";

export interface PrivilegeOptions {
  readonly noAcl: boolean;
  /** server_version_num of the target. */
  readonly targetVersion: number;
  /** The major version of the pg_dump that wrote the schema. */
  readonly pgDumpMajor: number;
}

/** Ids of the tasks that come before. */
export interface Before {
  /** Those that create what is granted on. */
  readonly create: readonly string[];
  readonly others: readonly string[];
}

/**
 * One task for all of them. Privileges come after everything that needs the owner's (who may have
 * revoked some from himself) and before the refreshes (which run as the owner), as in pg_dump.
 * None of them is left out because a table could not be filled, or an index not be built.
 */
export function privilegesTask(
  entries: readonly TocEntry[],
  before: Before,
  options: PrivilegeOptions,
): CloneTask | undefined {
  const granting = entries.filter(
    (entry) => entry.section === "acl" && entry.statements.length > 0,
  );
  const scripts = withoutUnknownPrivileges(
    [...publicSchemaBaseline(options), ...granting.map(scriptOf)],
    options.targetVersion,
  );
  if (scripts.length === 0) return undefined;
  return newTask("acl", "acl", "grant privileges", {
    needs: [PRE_DATA, ...before.create],
    after: before.others,
    cost: statementCost(scripts.length),
    work: { do: "scripts", scripts },
  });
}

/**
 * PostgreSQL 15 took CREATE on schema public from PUBLIC. pg_dump prints only what differs from what
 * its own version takes for the default, so where the target's default is another one, it is made
 * the same first: else a CREATE that was revoked on the source would be there on the target.
 */
function publicSchemaBaseline({ pgDumpMajor, targetVersion, noAcl }: PrivilegeOptions): Script[] {
  const assumed = pgDumpMajor >= 15;
  const actual = targetVersion >= 150_000;
  if (noAcl || assumed === actual) return [];
  const statement = assumed
    ? "revoke create on schema public from public"
    : "grant create on schema public to public";
  return [{ title: "ACL public", settings: {}, statements: [statement] }];
}

/** GRANT and REVOKE of MAINTAIN came with PostgreSQL 17; older servers have no such privilege to give. */
function withoutUnknownPrivileges(scripts: readonly Script[], targetVersion: number): Script[] {
  if (targetVersion >= 170_000) return [...scripts];
  return scripts.map((script) => ({
    ...script,
    statements: script.statements.flatMap((sql) => withoutMaintain(sql) ?? []),
  }));
}

const GRANT =
  /^(\s*(?:alter\s+default\s+privileges\b.*?\b)?(?:grant|revoke)\s+(?:grant\s+option\s+for\s+)?)([a-z, ]+?)(\s+on\s.*)$/is;

/** Undefined when MAINTAIN was all. The privileges stand before ON; names come after it. */
function withoutMaintain(sql: string): string | undefined {
  const [, verb = "", privileges = "", rest = ""] = GRANT.exec(sql) ?? [];
  if (!/\bmaintain\b/i.test(privileges)) return sql;
  const kept = privileges.split(",").filter((privilege) => !/^\s*maintain\s*$/i.test(privilege));
  return kept.length === 0 ? undefined : `${verb}${kept.join(",")}${rest}`;
}
