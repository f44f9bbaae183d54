/** GRANT and REVOKE on the database itself. The owner may be another on the target: his grants are then the new owner's. */

import type { DatabaseAttributes, DatabaseGrant } from "../catalog/database-attributes.js";
import { displayName, quoteName } from "../postgres/quote.js";
import type { AttributeChange } from "./database-attributes.js";

export function changedGrants(
  source: DatabaseAttributes,
  target: DatabaseAttributes,
  roles: ReadonlySet<string>,
): { changes: AttributeChange[]; omissions: string[] } {
  const owner = target.properties.owner;
  const wanted = source.grants.map((grant) => withOwner(grant, source.properties.owner, owner));
  const known = wanted.filter(({ grantor, grantee }) =>
    [grantor, grantee ?? owner].every((name) => roles.has(name)),
  );
  const unknown = new Set(
    wanted.flatMap(({ grantor, grantee }) =>
      [grantor, grantee ?? owner].filter((name) => !roles.has(name)),
    ),
  );
  return {
    changes: sameGrants(known, target.grants) ? [] : grantChanges(known, target),
    omissions: [...unknown].map(
      (role) =>
        `privileges of ${displayName(role)} on the database are left out: the target has no such role`,
    ),
  };
}

function withOwner(grant: DatabaseGrant, from: string, to: string): DatabaseGrant {
  const named = (name: string) => (name === from ? to : name);
  const { grantor, grantee } = grant;
  return {
    ...grant,
    grantor: named(grantor),
    grantee: grantee === undefined ? undefined : named(grantee),
  };
}

function sameGrants(one: readonly DatabaseGrant[], other: readonly DatabaseGrant[]): boolean {
  const texts = (grants: readonly DatabaseGrant[]) =>
    grants
      .map(({ grantor, grantee, privilege, grantable }) =>
        JSON.stringify([grantor, grantee ?? null, privilege, grantable]),
      )
      .sort()
      .join();
  return texts(one) === texts(other);
}

/** All that there is goes, and all that is wanted comes: the owner's own grants first, which others rest on. */
function grantChanges(
  wanted: readonly DatabaseGrant[],
  target: DatabaseAttributes,
): AttributeChange[] {
  const { name, owner } = target.properties;
  const on = `on database ${quoteName(name)}`;
  const base = {
    difference: "privileges on it are others",
    attempted: `GRANT on DATABASE ${displayName(name)}`,
  };
  const grantees = new Set([undefined, owner, ...target.grants.map(({ grantee }) => grantee)]);
  const revokes = [...grantees].map(
    (grantee) => `revoke all ${on} from ${roleName(grantee)} cascade`,
  );
  const grant = ({ privilege, grantee, grantable }: DatabaseGrant) =>
    `grant ${privilege.toLowerCase()} ${on} to ${roleName(grantee)}${grantable ? " with grant option" : ""}`;
  const own = wanted.filter(({ grantor }) => grantor === owner).map(grant);
  const others = inOrder(wanted, owner).map(
    (one): AttributeChange => ({
      ...base,
      // Whoever acts gives it: only so is the grantor the source's.
      statements: [`set local role ${quoteName(one.grantor)}`, grant(one), "reset role"],
    }),
  );
  return [{ ...base, statements: [...revokes, ...own] }, ...others];
}

/** The grants of others than the owner, each after the one that gave its grantor the right to. */
function inOrder(wanted: readonly DatabaseGrant[], owner: string): DatabaseGrant[] {
  const key = ({ grantee, privilege }: DatabaseGrant) => JSON.stringify([grantee, privilege]);
  const may = new Set(wanted.filter((one) => one.grantor === owner && one.grantable).map(key));
  const ordered: DatabaseGrant[] = [];
  let rest = wanted.filter(({ grantor }) => grantor !== owner);
  for (let before = -1; rest.length > 0 && ordered.length > before; ) {
    before = ordered.length;
    const next = rest.filter((one) => may.has(key({ ...one, grantee: one.grantor })));
    for (const one of next) if (one.grantable) may.add(key(one));
    ordered.push(...next);
    rest = rest.filter((one) => !next.includes(one));
  }
  return [...ordered, ...rest];
}

function roleName(role: string | undefined): string {
  return role === undefined ? "public" : quoteName(role);
}
