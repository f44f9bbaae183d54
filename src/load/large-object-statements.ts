/** The statements that make large objects, and give them what belongs to them. */

import { oidArray } from "../plan/large-object-rows.js";
import type { NamedStatement } from "../postgres/connection.js";
import { quoteLiteral, quoteName } from "../postgres/quote.js";
import type {
  LargeObjectDetails,
  LargeObjectGroup,
  LargeObjectPrivilege,
} from "./large-object-details.js";

/**
 * COMMENT, SECURITY LABEL and, from PostgreSQL 18 on, GRANT take a lock slot for each object until
 * the transaction ends, and a server with default settings has 6,400 for all of its sessions.
 */
const OBJECTS_PER_TRANSACTION = 250;

export interface LargeObjectOwnership {
  readonly noOwner: boolean;
  readonly noAcl: boolean;
}

/**
 * One statement for all objects of an owner, run as that owner: so it is made theirs without a lock
 * slot and a statement for each, which ALTER LARGE OBJECT would take.
 */
export function createStatements(
  groups: readonly LargeObjectGroup[],
  { noOwner }: LargeObjectOwnership,
): string[] {
  const owned = new Map<string, number[]>();
  for (const { owner, oids } of groups) {
    const list = owned.get(owner) ?? [];
    owned.set(owner, list);
    for (const oid of oids) list.push(oid);
  }
  return [...owned].flatMap(([owner, oids]) => {
    // In order, so that neighbours come to stand side by side.
    const sorted = oidArray(oids.sort((a, b) => a - b));
    const create = `select count(pg_catalog.lo_create(o.oid)) from unnest(${sorted}) as o (oid)`;
    return noOwner ? [create] : as(owner, [create]);
  });
}

/** Privileges, comments and labels: the statements of one transaction after the other. */
export function describeTransactions(
  details: LargeObjectDetails,
  ownership: LargeObjectOwnership,
): NamedStatement[][] {
  const { groups, comments, labels } = details;
  const granted = ownership.noAcl ? [] : groups.filter((group) => group.acl !== null);
  const privileges = granted.flatMap(({ owner, acl, oids }) =>
    chunks(oids).map((some) => {
      const attempted = `privileges of ${nameOf(some)}`;
      const statements = privilegeStatements({ owner, acl, oids: some }, ownership);
      return { locks: some.length, statements: statements.map((sql) => ({ attempted, sql })) };
    }),
  );
  const texts = [
    ...comments.map(({ oid, text }) => ({
      attempted: `comment of large object ${oid}`,
      sql: `comment on large object ${oid} is ${quoteLiteral(text)}`,
    })),
    ...labels.map(({ oid, text, provider = "" }) => ({
      attempted: `security label of large object ${oid}`,
      sql: `security label for ${quoteName(provider)} on large object ${oid} is ${quoteLiteral(text)}`,
    })),
  ].map((statement) => ({ locks: 1, statements: [statement] }));
  return inTransactions([...privileges, ...texts]);
}

interface LockingStatements {
  readonly locks: number;
  readonly statements: readonly NamedStatement[];
}

function inTransactions(all: readonly LockingStatements[]): NamedStatement[][] {
  const transactions: NamedStatement[][] = [];
  let held = Number.POSITIVE_INFINITY;
  for (const { locks, statements } of all) {
    if (held + locks > OBJECTS_PER_TRANSACTION) {
      transactions.push([]);
      held = 0;
    }
    transactions.at(-1)?.push(...statements);
    held += locks;
  }
  return transactions;
}

function chunks(oids: readonly number[]): number[][] {
  return Array.from({ length: Math.ceil(oids.length / OBJECTS_PER_TRANSACTION) }, (_, i) =>
    oids.slice(i * OBJECTS_PER_TRANSACTION, (i + 1) * OBJECTS_PER_TRANSACTION),
  );
}

/**
 * From what a new object has (its owner may do all) to what the ACL says, in the ACL's order, which
 * has each grant option before its use. Where all is to be owned by the target's role, nothing is
 * said of the former owner.
 */
function privilegeStatements(
  { owner, acl, oids }: LargeObjectGroup,
  { noOwner }: LargeObjectOwnership,
): string[] {
  const items = itemsOf(acl ?? []);
  const objects = `on large object ${oids.join(", ")}`;
  const begins = noOwner || isOwnersDefault(items[0], owner);
  const revoke = begins ? [] : as(owner, [`revoke all ${objects} from ${quoteName(owner)}`]);
  const granted = items.filter((item, i) =>
    noOwner ? item.grantee !== owner : !(begins && i === 0),
  );
  const grants = granted.flatMap((item) => {
    const to = item.grantee === null ? "public" : quoteName(item.grantee);
    const grant = (privileges: readonly string[], option: string) =>
      privileges.length === 0
        ? []
        : [`grant ${privileges.join(", ")} ${objects} to ${to}${option}`];
    const statements = [...grant(item.plain, ""), ...grant(item.grantable, " with grant option")];
    return noOwner && item.grantor === owner ? statements : as(item.grantor, statements);
  });
  return [...revoke, ...grants];
}

/** What one role gave another one. */
interface AclItem {
  readonly grantee: string | null;
  readonly grantor: string;
  readonly plain: string[];
  readonly grantable: string[];
}

function itemsOf(acl: readonly LargeObjectPrivilege[]): AclItem[] {
  const items: AclItem[] = [];
  for (const { grantee, grantor, privilege, grantable } of acl) {
    let item = items.find((one) => one.grantee === grantee && one.grantor === grantor);
    if (item === undefined) {
      item = { grantee, grantor, plain: [], grantable: [] };
      items.push(item);
    }
    (grantable ? item.grantable : item.plain).push(privilege.toLowerCase());
  }
  return items;
}

function isOwnersDefault(item: AclItem | undefined, owner: string): boolean {
  if (item === undefined || item.grantee !== owner || item.grantor !== owner) return false;
  return item.plain.length === 2 && item.grantable.length === 0;
}

function as(role: string, statements: readonly string[]): string[] {
  return [`set local role ${quoteName(role)}`, ...statements, "reset role"];
}

function nameOf(oids: readonly number[]): string {
  const [first] = oids;
  return oids.length === 1
    ? `large object ${first}`
    : `large object ${first} and ${oids.length - 1} more`;
}
