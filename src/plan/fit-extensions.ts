/**
 * The source's extensions held against those of the target: what is in the way, what has to be told,
 * and the schema as it can be carried out. An extension that the target has already is kept as it is.
 */

import type { Extension } from "../catalog/catalog.js";
import { displayName } from "../postgres/quote.js";
import { extensionEntries, withKeptSchemas, withoutComments, withVersions } from "./extensions.js";
import type { Obstacle } from "./obstacle.js";
import type { SchemaScript } from "./toc.js";

/** An extension that the target's database has. */
export interface InstalledExtension {
  readonly version: string;
  readonly schema: string;
  readonly comment: string | undefined;
  /** Whether the target's role has its owner's rights; and those of the owner of its schema. */
  readonly owned: boolean;
  readonly schemaOwned: boolean;
}

/** An extension that could be created on the target. */
export interface AvailableExtension {
  readonly defaultVersion: string | undefined;
  readonly comment: string | undefined;
  readonly versions: readonly ExtensionVersion[];
}

export interface ExtensionVersion {
  readonly version: string;
  /** Whether only a superuser may create it, and whether the database's owner may all the same. */
  readonly superuser: boolean;
  readonly trusted: boolean;
}

export interface TargetExtensions {
  readonly superuser: boolean;
  readonly installed: ReadonlyMap<string, InstalledExtension>;
  readonly available: ReadonlyMap<string, AvailableExtension>;
}

export interface FitInput {
  readonly extensions: readonly Extension[];
  readonly pins: readonly { readonly name: string; readonly version: string }[];
  readonly target: TargetExtensions;
  /** Names of those whose members other objects of the source depend on. */
  readonly used: ReadonlySet<string>;
}

export interface FittedExtensions {
  readonly schema: SchemaScript;
  readonly obstacles: readonly Obstacle[];
  readonly notices: readonly string[];
  readonly warnings: readonly string[];
  /** Those that the target has already. */
  readonly kept: readonly Extension[];
  /** Those that the target says only a superuser may create, which its role is not. */
  readonly doubtful: readonly { readonly name: string; readonly version: string }[];
}

/** Fits the schema. Pure. */
export function fitExtensions(schema: SchemaScript, input: FitInput): FittedExtensions {
  const { pins, target } = input;
  const entries = extensionEntries(schema);
  const extensions = input.extensions.filter(({ oid }) => entries.has(oid));
  const versions = new Map(pins.map(({ name, version }) => [name, version]));
  const kept = extensions.filter(({ name }) => target.installed.has(name));
  const created = extensions.filter(({ name }) => !target.installed.has(name));
  const pinned = created.flatMap(({ oid, name }): [number, string][] => {
    const version = versions.get(name);
    return version === undefined ? [] : [[oid, version]];
  });
  const comments = commentsToLeaveOut(kept, created, target);
  const schemas = keptSchemas(kept, input);
  return {
    schema: withKeptSchemas(
      withoutComments(withVersions(schema, new Map(pinned)), comments.extensions),
      schemas,
    ),
    obstacles: [
      ...missing(created, target),
      ...wrongVersions(created, kept, versions, target),
      ...wrongSchemas(kept, input),
    ],
    notices: differentVersions(created, kept, versions, target),
    warnings: comments.warnings,
    kept,
    doubtful: target.superuser ? [] : forSuperusers(created, versions, target),
  };
}

function missing(
  created: readonly Extension[],
  { available }: TargetExtensions,
): readonly Obstacle[] {
  const items = created
    .filter(({ name }) => !available.has(name))
    .map(({ name, version }) => `${displayName(name)} (${version} on the source)`);
  return obstacle(items, {
    message: `the target's server doesn't have ${extensionsWord(items.length)} of the source`,
    advice:
      "install their packages on the target's server, or leave extensions to yourself with --skip-extensions",
  });
}

function wrongVersions(
  created: readonly Extension[],
  kept: readonly Extension[],
  pins: ReadonlyMap<string, string>,
  { available, installed }: TargetExtensions,
): readonly Obstacle[] {
  const notThere = created.flatMap(({ name }) => {
    const has = available.get(name)?.versions.map(({ version }) => version);
    const pin = pins.get(name);
    if (pin === undefined || has === undefined || has.includes(pin)) return [];
    return [`${displayName(name)} ${pin}: the target has ${has.join(", ")}`];
  });
  const others = kept.flatMap(({ name }) => {
    const has = installed.get(name)?.version;
    const pin = pins.get(name);
    if (pin === undefined || pin === has) return [];
    return [`${displayName(name)} ${pin}: the target's database has ${has} already`];
  });
  return [
    ...obstacle(notThere, {
      message: `the target's server doesn't have the required version of ${extensionsWord(notThere.length)}`,
      advice: "install these versions there, or change the requirements",
    }),
    ...obstacle(others, {
      message: `the target's database has another version than required of ${extensionsWord(others.length)}`,
      advice: "change it there with ALTER EXTENSION … UPDATE TO, or change the requirements",
    }),
  ];
}

/** The source's definitions name an extension's objects with their schema. */
function wrongSchemas(kept: readonly Extension[], { target, used }: FitInput): readonly Obstacle[] {
  const items = kept.flatMap(({ name, schema }) => {
    const there = target.installed.get(name)?.schema;
    if (!used.has(name) || there === undefined || there === schema) return [];
    return [
      `${displayName(name)}: in schema ${displayName(schema)} on the source, in ${displayName(there)} on the target`,
    ];
  });
  return obstacle(items, {
    message: `the target has ${extensionsWord(items.length)} in another schema than the source, whose objects need them there`,
    advice: "move them with ALTER EXTENSION … SET SCHEMA, or drop them on the target",
  });
}

function differentVersions(
  created: readonly Extension[],
  kept: readonly Extension[],
  pins: ReadonlyMap<string, string>,
  { available, installed }: TargetExtensions,
): string[] {
  const differ = (list: readonly Extension[], versionOf: (name: string) => string | undefined) =>
    list.flatMap(({ name, version }) => {
      const there = versionOf(name);
      if (there === undefined || there === version) return [];
      return [`${displayName(name)} ${there} (${version} on the source)`];
    });
  const keptOnes = differ(kept, (name) => installed.get(name)?.version);
  const newOnes = differ(created, (name) => pins.get(name) ?? available.get(name)?.defaultVersion);
  return [
    ...(keptOnes.length === 0
      ? []
      : [`extensions that the target has in another version are kept: ${keptOnes.join(", ")}`]),
    ...(newOnes.length === 0
      ? []
      : [`extensions are created in another version: ${newOnes.join(", ")}`]),
  ];
}

function forSuperusers(
  created: readonly Extension[],
  pins: ReadonlyMap<string, string>,
  { available }: TargetExtensions,
): { name: string; version: string }[] {
  return created.flatMap(({ name }) => {
    const { versions = [], defaultVersion } = available.get(name) ?? {};
    const wanted = pins.get(name) ?? defaultVersion;
    const found = versions.find(({ version }) => version === wanted);
    if (found === undefined || !found.superuser || found.trusted) return [];
    return [{ name, version: found.version }];
  });
}

/**
 * CREATE EXTENSION gives an extension the comment of its control file, and only its owner may give
 * it another: on hosted servers that is often somebody else.
 */
function commentsToLeaveOut(
  kept: readonly Extension[],
  created: readonly Extension[],
  { installed, available }: TargetExtensions,
): { extensions: readonly Extension[]; warnings: readonly string[] } {
  const foreign = kept.filter(({ name }) => installed.get(name)?.owned === false);
  const same = [
    ...kept.filter(({ name, comment }) => installed.get(name)?.comment === comment),
    ...created.filter(({ name, comment }) => available.get(name)?.comment === comment),
  ];
  const told = foreign
    .filter((extension) => extension.comment !== undefined && !same.includes(extension))
    .map(({ name }) => displayName(name));
  return {
    extensions: [...foreign, ...same],
    warnings:
      told.length === 0
        ? []
        : [
            `comments on extensions that belong to another role are left as the target has them: ${told.join(", ")}`,
          ],
  };
}

/** The extension can't be where it is without its schema, which therefore is in nobody's way. */
function keptSchemas(
  kept: readonly Extension[],
  { target }: FitInput,
): Map<number, { owned: boolean }> {
  return new Map(
    kept.flatMap(({ name, schema, schemaOid }): [number, { owned: boolean }][] => {
      const there = target.installed.get(name);
      return there?.schema === schema && schema !== "public"
        ? [[schemaOid, { owned: there.schemaOwned }]]
        : [];
    }),
  );
}

function extensionsWord(count: number): string {
  return count === 1 ? "an extension" : `${count} extensions`;
}

function obstacle(
  items: readonly string[],
  words: Pick<Obstacle, "message" | "advice">,
): readonly Obstacle[] {
  return items.length === 0 ? [] : [{ ...words, items }];
}
