/** What a dump of a newer server says that an older target doesn't know, and can go without. */

import type { Script } from "./task.js";

/** GRANT and REVOKE of MAINTAIN came with PostgreSQL 17; older servers have no such privilege to give. */
export function withoutUnknownPrivileges(
  scripts: readonly Script[],
  targetVersion: number,
): Script[] {
  if (targetVersion >= 170_000) return [...scripts];
  return scripts.map((script) => ({
    ...script,
    statements: script.statements.flatMap((sql) => withoutMaintain(sql) ?? []),
  }));
}

/** Undefined when MAINTAIN was all. The privileges stand before ON; names come after it. */
function withoutMaintain(sql: string): string | undefined {
  const match =
    /^(\s*(?:alter\s+default\s+privileges\b.*?\b)?(?:grant|revoke)\s+(?:grant\s+option\s+for\s+)?)([a-z, ]+?)(\s+on\s.*)$/is.exec(
      sql,
    );
  if (match === null) return sql;
  const [, verb = "", privileges = "", rest = ""] = match;
  if (!/\bmaintain\b/i.test(privileges)) return sql;
  const kept = privileges.split(",").filter((privilege) => !/^\s*maintain\s*$/i.test(privilege));
  return kept.length === 0 ? undefined : `${verb}${kept.join(",")}${rest}`;
}
