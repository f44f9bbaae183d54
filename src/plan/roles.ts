/**
 * Which roles to create on the target, and by which statements. Pure: the roles of both ends go in.
 * A role that the target has is left as it is, and what differs in it is told.
 */

import { isPredefined, type Role, type Roles } from "../catalog/roles.js";
import { displayName, quoteLiteral, quoteName } from "../postgres/quote.js";
import { differencesOf, forbiddenAttributes } from "./role-attributes.js";
import { planMemberships } from "./role-memberships.js";
import { parseSetting, setClause } from "./settings.js";

export interface RoleStatement {
  /** What it does, for messages; its SQL may hold a password's hash and is never shown. */
  readonly attempted: string;
  readonly sql: string;
  /** Whether the roles are not to be had without it. A setting or a comment that is refused is left out. */
  readonly required: boolean;
}

export interface RolePlan {
  /** Names of the roles that the target lacks. */
  readonly created: readonly string[];
  readonly statements: readonly RoleStatement[];
  /** Roles with attributes that the target's role may not give, in words. */
  readonly forbidden: readonly string[];
  /** What is another on the target in roles that it has, in words; one for each role. */
  readonly differences: readonly string[];
  /** What of the source is left out, in words. */
  readonly omissions: readonly string[];
}

export interface RoleOptions {
  readonly withPasswords: boolean;
  /** Whether a target's role that is no superuser becomes a member of what it creates, to make it an owner. */
  readonly becomeMember: boolean;
}

/** @param target of the role that the session acts as, too. */
export function planRoles(source: Roles, target: Roles, options: RoleOptions): RolePlan {
  const there = new Map(target.roles.map((role) => [role.name, role]));
  const considered = source.roles.filter((role) => !isPredefined(role));
  const missing = considered.filter(({ name }) => !there.has(name));
  const memberships = planMemberships(source, target, new Set(missing.map(({ name }) => name)));
  return {
    created: missing.map(({ name }) => name),
    statements: [
      ...missing.map((role) => createRole(role, target, options)),
      ...memberships.statements,
      ...missing.flatMap(propertiesOf),
    ],
    forbidden: forbiddenAttributes(missing, target),
    differences: considered.flatMap((role) => {
      const existing = there.get(role.name);
      const differences =
        existing === undefined
          ? []
          : [...differencesOf(role, existing), ...(memberships.differences.get(role.name) ?? [])];
      return differences.length === 0 ? [] : `${displayName(role.name)}: ${differences.join(", ")}`;
    }),
    omissions: [
      ...memberships.omissions,
      ...withoutPassword(missing, options),
      ...(options.becomeMember && missing.length > 0
        ? [
            `${displayName(target.current)} becomes a member of the roles that it creates: only a member may make them owners`,
          ]
        : []),
      ...source.settingsOfAll.map(
        (setting) =>
          `ALTER ROLE ALL SET ${parseSetting(setting).name} holds for all roles and is not copied`,
      ),
    ],
  };
}

function createRole(role: Role, target: Roles, options: RoleOptions): RoleStatement {
  const words = [
    role.superuser ? "superuser" : "",
    role.inherit ? "" : "noinherit",
    role.createRole ? "createrole" : "",
    role.createDatabase ? "createdb" : "",
    role.login ? "login" : "",
    role.replication ? "replication" : "",
    role.bypassRowSecurity ? "bypassrls" : "",
    role.connectionLimit === -1 ? "" : `connection limit ${role.connectionLimit}`,
    role.validUntil === undefined ? "" : `valid until ${quoteLiteral(role.validUntil)}`,
    role.password === undefined || !options.withPasswords
      ? ""
      : `password ${quoteLiteral(role.password)}`,
    // From PostgreSQL 16 on createrole_self_grant does this.
    options.becomeMember && target.serverVersion < 160_000
      ? `role ${quoteName(target.current)}`
      : "",
  ].filter((word) => word !== "");
  return {
    attempted: `CREATE ROLE ${displayName(role.name)}`,
    sql: ["create role", quoteName(role.name), ...words].join(" "),
    required: true,
  };
}

function propertiesOf({ name, settings, comment, labels }: Role): RoleStatement[] {
  const shown = displayName(name);
  const sql = quoteName(name);
  return [
    ...settings.map(parseSetting).map((setting) => ({
      attempted: `ALTER ROLE ${shown} SET ${setting.name}`,
      sql: `alter role ${sql} ${setClause(setting)}`,
      required: false,
    })),
    ...(comment === undefined
      ? []
      : [
          {
            attempted: `COMMENT ON ROLE ${shown}`,
            sql: `comment on role ${sql} is ${quoteLiteral(comment)}`,
            required: false,
          },
        ]),
    ...labels.map(({ provider, label }) => ({
      attempted: `SECURITY LABEL ON ROLE ${shown}`,
      sql: `security label for ${quoteName(provider)} on role ${sql} is ${quoteLiteral(label)}`,
      required: false,
    })),
  ];
}

function withoutPassword(missing: readonly Role[], { withPasswords }: RoleOptions): string[] {
  const login = missing.filter((role) => role.login).map(({ name }) => displayName(name));
  if (withPasswords || login.length === 0) return [];
  return [`these roles have no password on the target: ${login.join(", ")}`];
}
