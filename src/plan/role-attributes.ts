/** The attributes of roles: which the target's role may give, and which differ between both ends. */

import type { Role, RoleAttributes, Roles } from "../catalog/roles.js";
import { displayName } from "../postgres/quote.js";
import { parseSetting } from "./settings.js";

/** As CREATE ROLE calls them. */
const attributeWords = {
  superuser: "superuser",
  inherit: "inherit",
  createRole: "createrole",
  createDatabase: "createdb",
  login: "login",
  replication: "replication",
  bypassRowSecurity: "bypassrls",
} as const satisfies Partial<Record<keyof RoleAttributes, string>>;

type Attribute = keyof typeof attributeWords;

/**
 * Roles that the target's role may not create as they are, each with what it may not give. Until
 * PostgreSQL 15 CREATEROLE gave all but three attributes; since 16 only what one has oneself
 * (documentation of CREATE ROLE, "Notes").
 */
export function forbiddenAttributes(missing: readonly Role[], target: Roles): string[] {
  const own = target.roles.find(({ name }) => name === target.current);
  if (own === undefined || own.superuser) return [];
  const onlyIfOwned: readonly Attribute[] =
    target.serverVersion >= 160_000
      ? ["createDatabase", "replication", "bypassRowSecurity"]
      : ["replication", "bypassRowSecurity"];
  const mayGive = (attribute: Attribute) =>
    attribute !== "superuser" &&
    (!onlyIfOwned.includes(attribute) || (target.serverVersion >= 160_000 && own[attribute]));
  return missing.flatMap((role) => {
    if (!own.createRole) return displayName(role.name);
    const attributes = (Object.keys(attributeWords) as Attribute[]).filter(
      (attribute) => attribute !== "inherit" && role[attribute] && !mayGive(attribute),
    );
    if (attributes.length === 0) return [];
    return `${displayName(role.name)} (${attributes.map((one) => attributeWords[one]).join(", ")})`;
  });
}

/** What differs between the source's role and the target's of the same name; never the password. */
export function differencesOf(source: Role, target: Role): string[] {
  const keywords = (Object.keys(attributeWords) as Attribute[])
    .filter((attribute) => source[attribute] !== target[attribute])
    .map(
      (attribute) =>
        `${attributeWords[attribute]} on the ${source[attribute] ? "source" : "target"} only`,
    );
  const values = [
    valueDifference("connection limit", limit(source), limit(target)),
    valueDifference("valid until", source.validUntil, target.validUntil),
  ];
  const settings = settingNames(source, target);
  return [
    ...keywords,
    ...values.flatMap((difference) => difference ?? []),
    // Their values may be secrets of the user's own.
    ...(settings.length === 0 ? [] : [`other settings of ${settings.join(", ")}`]),
  ];
}

function limit({ connectionLimit }: Role): string | undefined {
  return connectionLimit === -1 ? undefined : String(connectionLimit);
}

function valueDifference(
  what: string,
  source: string | undefined,
  target: string | undefined,
): string | undefined {
  if (source === target) return undefined;
  return `${what} ${source ?? "not set"} on the source, ${target ?? "not set"} on the target`;
}

function settingNames(source: Role, target: Role): string[] {
  const differing = [
    ...source.settings.filter((setting) => !target.settings.includes(setting)),
    ...target.settings.filter((setting) => !source.settings.includes(setting)),
  ];
  return [...new Set(differing.map((setting) => parseSetting(setting).name))].sort();
}
