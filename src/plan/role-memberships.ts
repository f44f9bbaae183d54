/**
 * GRANT of roles to roles. PostgreSQL 16 gave each membership a grantor that counts, and options of
 * its own: there a grant may be given only by one who has been given the role with ADMIN OPTION, so
 * grants follow those that they rest on.
 */

import { BOOTSTRAP_SUPERUSER, type Membership, type Roles } from "../catalog/roles.js";
import { displayName, quoteName } from "../postgres/quote.js";
import type { RoleStatement } from "./roles.js";

const WITH_OPTIONS = 160_000;

export interface MembershipPlan {
  readonly statements: readonly RoleStatement[];
  /** By the member's name: what an existing role lacks or has in addition, between existing roles. */
  readonly differences: ReadonlyMap<string, readonly string[]>;
  readonly omissions: readonly string[];
}

/** @param created the roles that the target lacks; between two that it has, nothing is granted. */
export function planMemberships(
  source: Roles,
  target: Roles,
  created: ReadonlySet<string>,
): MembershipPlan {
  const there = new Set([...target.roles.map(({ name }) => name), ...created]);
  const isNew = ({ role, member }: Membership) => created.has(role) || created.has(member);
  const wanted = source.memberships.filter(isNew);
  const known = wanted.filter(({ role, member }) => there.has(role) && there.has(member));
  const grantors = keepsGrantors(source, target);
  const grants = (grantors ? known : merged(known)).map((one) => fitted(one, source, target));
  const possible = grants.flatMap(({ grant }) => grant ?? []);
  return {
    statements: grantors
      ? inGrantorsOrder(possible, source, target)
      : possible.map((one) => grantStatement(one, target.serverVersion)),
    differences: differencesOf(source, target),
    omissions: [
      ...wanted.filter((one) => !known.includes(one)).map(unknownOf(there)),
      ...grants.flatMap(({ omission }) => omission ?? []),
    ],
  };
}

/** Older servers don't track grantors, and only a superuser may grant in the name of others. */
function keepsGrantors(source: Roles, target: Roles): boolean {
  const own = target.roles.find(({ name }) => name === target.current);
  const versions = Math.min(source.serverVersion, target.serverVersion);
  return versions >= WITH_OPTIONS && own?.superuser === true;
}

/** One grant for each member and role: whatever any of several grantors has given. */
function merged(memberships: readonly Membership[]): Membership[] {
  const either = (one: boolean | undefined, other: boolean | undefined) =>
    one === undefined || other === undefined ? undefined : one || other;
  const byPair = new Map<string, Membership>();
  for (const one of memberships) {
    const pair = JSON.stringify([one.role, one.member]);
    const other = byPair.get(pair) ?? one;
    byPair.set(pair, {
      ...one,
      grantor: undefined,
      admin: one.admin || other.admin,
      inherit: either(one.inherit, other.inherit),
      set: either(one.set, other.set),
    });
  }
  return [...byPair.values()];
}

/** A membership as the target's version can have it; one that would give more than on the source is left out. */
function fitted(
  one: Membership,
  source: Roles,
  target: Roles,
): { readonly grant?: Membership; readonly omission?: string } {
  if (target.serverVersion >= WITH_OPTIONS || one.inherit === undefined) return { grant: one };
  const inherits = source.roles.find(({ name }) => name === one.member)?.inherit ?? true;
  const words = `membership of ${displayName(one.member)} in ${displayName(one.role)}`;
  if (one.set === false || (!one.inherit && inherits)) {
    return {
      omission: `${words} is left out: the target's version knows no memberships without SET or without INHERIT, so it would give more than on the source`,
    };
  }
  if (one.inherit === inherits) return { grant: one };
  return {
    grant: one,
    omission: `${words} does not inherit on the target, whose version has one INHERIT for all memberships of a role`,
  };
}

/** Each grant after one that gave its grantor the ADMIN OPTION. */
function inGrantorsOrder(
  grants: readonly Membership[],
  source: Roles,
  target: Roles,
): RoleStatement[] {
  const bootstrap = target.roles.find(({ oid }) => oid === BOOTSTRAP_SUPERUSER)?.name;
  const itsName = source.roles.find(({ oid }) => oid === BOOTSTRAP_SUPERUSER)?.name;
  const admins = new Set(
    target.memberships.filter(({ admin }) => admin).map(({ role, member }) => key(role, member)),
  );
  const byBootstrap = (one: Membership) => one.grantor === undefined || one.grantor === itsName;
  const ordered: Membership[] = [];
  let rest = grants;
  for (let before = -1; rest.length > 0 && ordered.length > before; ) {
    before = ordered.length;
    const next = rest.filter(
      (one) => byBootstrap(one) || admins.has(key(one.role, one.grantor ?? "")),
    );
    for (const { role, member, admin } of next) if (admin) admins.add(key(role, member));
    ordered.push(...next);
    rest = rest.filter((one) => !next.includes(one));
  }
  // The target's own grants may differ: then the grant counts as the superuser's.
  return [...ordered, ...rest.map((one) => ({ ...one, grantor: undefined }))].map((one) =>
    grantStatement(byBootstrap(one) ? { ...one, grantor: bootstrap } : one, target.serverVersion),
  );
}

function key(role: string, member: string): string {
  return JSON.stringify([role, member]);
}

function grantStatement(one: Membership, targetVersion: number): RoleStatement {
  const { role, member, grantor, admin, inherit, set } = one;
  const options =
    targetVersion >= WITH_OPTIONS && inherit !== undefined
      ? ` with admin ${admin}, inherit ${inherit}, set ${set}`
      : admin
        ? " with admin option"
        : "";
  const by = grantor === undefined ? "" : ` granted by ${quoteName(grantor)}`;
  return {
    attempted: `GRANT ${displayName(role)} TO ${displayName(member)}`,
    sql: `grant ${quoteName(role)} to ${quoteName(member)}${options}${by}`,
    required: true,
  };
}

function unknownOf(there: ReadonlySet<string>): (one: Membership) => string {
  return ({ role, member }) => {
    const missing = there.has(role) ? member : role;
    return `membership of ${displayName(member)} in ${displayName(role)} is left out: the target has no role ${displayName(missing)}`;
  };
}

function differencesOf(source: Roles, target: Roles): Map<string, string[]> {
  const theirs = new Set(target.roles.map(({ name }) => name));
  const ours = new Set(source.roles.map(({ name }) => name));
  const pairsOf = (roles: Roles) =>
    new Map(roles.memberships.map((one) => [key(one.role, one.member), one]));
  const [here, there] = [pairsOf(source), pairsOf(target)];
  const differences = new Map<string, string[]>();
  const tell = ({ role, member }: Membership, side: string) => {
    if (![role, member].every((name) => theirs.has(name) && ours.has(name))) return;
    const list = differences.get(member) ?? [];
    differences.set(member, [...list, `member of ${displayName(role)} on the ${side} only`]);
  };
  for (const [pair, one] of here) if (!there.has(pair)) tell(one, "source");
  for (const [pair, one] of there) if (!here.has(pair)) tell(one, "target");
  return differences;
}
