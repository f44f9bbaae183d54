/**
 * What differs between a database and its copy beside the content, and the statements that make the
 * copy the same. Pure.
 */

import type { DatabaseProperties } from "../catalog/catalog.js";
import type { DatabaseAttributes } from "../catalog/database-attributes.js";
import { displayName, quoteLiteral, quoteName } from "../postgres/quote.js";
import { changedGrants } from "./database-grants.js";
import { parseSetting, type Setting, setClause, shownSetting } from "./settings.js";

export interface AttributeChange {
  /** In words: `statement_timeout is 5s on the source, not set on the target`. */
  readonly difference: string;
  /** For messages: `ALTER DATABASE shop SET statement_timeout`. */
  readonly attempted: string;
  readonly statements: readonly string[];
}

export interface AttributePlan {
  /** In the order of doing them: what could hurt the session that does them comes last. */
  readonly changes: readonly AttributeChange[];
  /** What differs and can't be altered once a database is there, in words. */
  readonly fixed: readonly string[];
  /** What of the source can't be had, in words. */
  readonly omissions: readonly string[];
}

export interface AttributeOptions {
  readonly noOwner: boolean;
  readonly noAcl: boolean;
  /** Names of the target's roles. */
  readonly roles: ReadonlySet<string>;
  /** Settings that the target refuses, as `name=value`: they are named elsewhere, and left out. */
  readonly refused: ReadonlySet<string>;
}

export function planAttributes(
  source: DatabaseAttributes,
  target: DatabaseAttributes,
  options: AttributeOptions,
): AttributePlan {
  const name = target.properties.name;
  const grants = options.noAcl
    ? { changes: [], omissions: [] }
    : changedGrants(source, target, options.roles);
  const owner = ownerChange(source, target, options);
  const settings = roleSettings(source, target, options);
  return {
    changes: [
      ...settingChanges(
        { target: `database ${displayName(name)}`, sql: `database ${quoteName(name)}`, of: "" },
        source.settings.filter((setting) => !options.refused.has(setting)),
        target.settings,
      ),
      ...settings.changes,
      ...grants.changes,
      ...descriptions(source, target),
      ...owner.changes,
      ...limits(source, target),
    ],
    fixed: fixedDifferences(source, target),
    omissions: [...settings.omissions, ...grants.omissions, ...owner.omissions],
  };
}

interface SettingPlace {
  readonly target: string;
  readonly sql: string;
  /** ` of nora`, for one role's. */
  readonly of: string;
}

function settingChanges(
  place: SettingPlace,
  source: readonly string[],
  target: readonly string[],
): AttributeChange[] {
  const here = new Map(source.map(parseSetting).map((setting) => [setting.name, setting]));
  const there = new Map(target.map(parseSetting).map((setting) => [setting.name, setting]));
  return [...new Set([...here.keys(), ...there.keys()])].flatMap((name) => {
    const [wanted, actual] = [here.get(name), there.get(name)];
    if (wanted?.value === actual?.value) return [];
    const what = `${wanted === undefined ? "RESET" : "SET"} ${name}`;
    const clause = wanted === undefined ? `reset ${quoteName(name)}` : setClause(wanted);
    return {
      difference: `${name}${place.of} is ${shown(wanted, actual)} on the source, ${shown(actual, wanted)} on the target`,
      attempted: `ALTER ${place.target.replace(/^(\w+)/, (word) => word.toUpperCase())} ${what}`,
      statements: [`alter ${place.sql} ${clause}`],
    };
  });
}

function shown(setting: Setting | undefined, other: Setting | undefined): string {
  return setting === undefined ? "not set" : shownSetting(setting, other);
}

function roleSettings(
  source: DatabaseAttributes,
  target: DatabaseAttributes,
  { roles, refused }: AttributeOptions,
): { changes: AttributeChange[]; omissions: string[] } {
  const ofRole = ({ roleSettings: all }: DatabaseAttributes, role: string) =>
    all.filter((one) => one.role === role).map(({ setting }) => setting);
  const named = [...source.roleSettings, ...target.roleSettings].map(({ role }) => role);
  const all = [...new Set(named)].sort();
  const database = target.properties.name;
  return {
    changes: all
      .filter((role) => roles.has(role))
      .flatMap((role) =>
        settingChanges(
          {
            target: `role ${displayName(role)} IN DATABASE ${displayName(database)}`,
            sql: `role ${quoteName(role)} in database ${quoteName(database)}`,
            of: ` of ${displayName(role)}`,
          },
          ofRole(source, role).filter((setting) => !refused.has(setting)),
          ofRole(target, role),
        ),
      ),
    omissions: all
      .filter((role) => !roles.has(role))
      .map(
        (role) =>
          `settings of ${displayName(role)} in the database are left out: the target has no such role`,
      ),
  };
}

function descriptions(source: DatabaseAttributes, target: DatabaseAttributes): AttributeChange[] {
  const name = target.properties.name;
  const changes: AttributeChange[] = [];
  if (source.comment !== target.comment) {
    const text = source.comment === undefined ? "null" : quoteLiteral(source.comment);
    changes.push({
      difference: "its comment is another",
      attempted: `COMMENT ON DATABASE ${displayName(name)}`,
      statements: [`comment on database ${quoteName(name)} is ${text}`],
    });
  }
  const labels = (of: DatabaseAttributes) =>
    new Map(of.labels.map(({ provider, label }) => [provider, label]));
  const [here, there] = [labels(source), labels(target)];
  for (const provider of new Set([...here.keys(), ...there.keys()])) {
    const wanted = here.get(provider);
    if (wanted === there.get(provider)) continue;
    changes.push({
      difference: `its security label of ${displayName(provider)} is another`,
      attempted: `SECURITY LABEL ON DATABASE ${displayName(name)}`,
      statements: [
        `security label for ${quoteName(provider)} on database ${quoteName(name)} is ${wanted === undefined ? "null" : quoteLiteral(wanted)}`,
      ],
    });
  }
  return changes;
}

function ownerChange(
  source: DatabaseAttributes,
  target: DatabaseAttributes,
  { noOwner, roles }: AttributeOptions,
): { changes: AttributeChange[]; omissions: string[] } {
  const [wanted, actual] = [source.properties.owner, target.properties.owner];
  if (noOwner || wanted === actual) return { changes: [], omissions: [] };
  if (!roles.has(wanted)) {
    const words = `the database's owner on the source, ${displayName(wanted)}, is no role of the target: ${displayName(actual)} owns it there`;
    return { changes: [], omissions: [words] };
  }
  const name = target.properties.name;
  const change = {
    difference: `its owner is ${displayName(wanted)} on the source, ${displayName(actual)} on the target`,
    attempted: `ALTER DATABASE ${displayName(name)} OWNER TO ${displayName(wanted)}`,
    statements: [`alter database ${quoteName(name)} owner to ${quoteName(wanted)}`],
  };
  return { changes: [change], omissions: [] };
}

/** Who may connect, last of all. */
function limits(source: DatabaseAttributes, target: DatabaseAttributes): AttributeChange[] {
  const name = target.properties.name;
  const changes: AttributeChange[] = [];
  if (source.template !== target.template) {
    changes.push({
      difference: `it is a template on the ${source.template ? "source" : "target"} only`,
      attempted: `ALTER DATABASE ${displayName(name)} IS_TEMPLATE`,
      statements: [`alter database ${quoteName(name)} is_template ${source.template}`],
    });
  }
  if (source.connectionLimit !== target.connectionLimit) {
    const words = ({ connectionLimit }: DatabaseAttributes) =>
      connectionLimit === -1 ? "not set" : String(connectionLimit);
    changes.push({
      difference: `its connection limit is ${words(source)} on the source, ${words(target)} on the target`,
      attempted: `ALTER DATABASE ${displayName(name)} CONNECTION LIMIT`,
      statements: [`alter database ${quoteName(name)} connection limit ${source.connectionLimit}`],
    });
  }
  return changes;
}

function fixedDifferences(source: DatabaseAttributes, target: DatabaseAttributes): string[] {
  const pairs: [string, string, string][] = [
    ["encoding", source.properties.encoding, target.properties.encoding],
    ["locale", localeOf(source.properties), localeOf(target.properties)],
    ["tablespace", source.tablespace, target.tablespace],
  ];
  return pairs
    .filter(([what, here, there]) =>
      what === "locale" ? plain(here) !== plain(there) : here !== there,
    )
    .map(([what, here, there]) => `its ${what} is ${here} on the source, ${there} on the target`);
}

function localeOf({ provider, providerLocale, collate, ctype }: DatabaseProperties): string {
  return `${provider} ${[...new Set([providerLocale ?? collate, collate, ctype])].join(", ")}`;
}

/** Systems spell one locale in two ways: en_US.UTF-8 and en_US.utf8. */
function plain(locale: string): string {
  return locale.toLowerCase().replaceAll("-", "");
}
