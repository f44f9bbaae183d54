/** Comparing the schemas of both ends: the same pg_dump for each, inside a snapshot of it. */

import {
  MOST_LARGE_OBJECTS,
  readUnprintedState,
  type UnprintedState,
} from "../catalog/unprinted-state.js";
import { PgCopyError, type Side } from "../errors.js";
import { JOURNAL_SCHEMA } from "../load/journal.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import { parseSetting, shownSetting } from "../plan/settings.js";
import type { TocEntry } from "../plan/toc.js";
import { all } from "../run/abort.js";
import type { Majors } from "../schema/canonical-statement.js";
import { compareEntries, type SchemaDifference } from "../schema/compare-entries.js";
import { commonPgDump, dumpSchema, type SchemaDump } from "../schema/dump.js";
import { splitScript } from "../schema/split-script.js";
import { comparedSettings } from "../verify/row-hash.js";
import { versionName } from "./check-servers.js";
import { explainBytes } from "./check-source.js";
import type { ComparedServers, ComparedSnapshots } from "./compared-servers.js";
import type { Run } from "./run.js";

/** A property that the ends don't share, and that no statement of the schema holds. */
export interface SchemaNote {
  /** `database encoding`, `version of extension hstore`, `invalid index public.orders_at`. */
  readonly what: string;
  /** Absent where that end has none. */
  readonly source?: string;
  readonly target?: string;
}

export interface SchemaComparison {
  /** The endpoint, without its password. */
  readonly source: string;
  readonly target: string;
  readonly sourceVersion: string;
  readonly targetVersion: string;
  readonly pgDump: SchemaDump["tool"];
  readonly durationMs: number;
  /** Whether no difference was found; notes are none. */
  readonly same: boolean;
  /** How many entries pg_dump has for the source. */
  readonly entries: number;
  readonly differences: readonly SchemaDifference[];
  /** Good to know, and no difference of the schema. */
  readonly notes: readonly SchemaNote[];
  readonly warnings: readonly string[];
}

/** What one end's schema is. */
export interface SchemaOfEnd {
  readonly entries: readonly TocEntry[];
  readonly state: UnprintedState;
  readonly tool: SchemaDump["tool"];
}

/**
 * Reads both schemas.
 *
 * @throws PgCopyError `schema_dump_failed`, `source_unfit`, `interrupted`.
 */
export async function readBothSchemas(
  servers: ComparedServers,
  snapshots: ComparedSnapshots,
  { resolved, run }: { readonly resolved: ResolvedOptions; readonly run: Run },
): Promise<[SchemaOfEnd, SchemaOfEnd]> {
  const connections = [servers.source.connection, servers.target.connection];
  const pgDump = await commonPgDump(connections, { ...resolved, signal: run.signal });
  const read = async (side: Side, signal: AbortSignal): Promise<SchemaOfEnd> => {
    const { id, connection } = snapshots[side];
    const { script, tool } = await dumpSchema(connection, {
      snapshotId: id,
      pgDump,
      environment: resolved.environment,
      signal,
      noOwner: resolved.noOwner,
      noAcl: resolved.noAcl,
      excludeSchemas: [JOURNAL_SCHEMA],
      timeZone: comparedSettings.timezone,
    }).catch((error: unknown) => {
      throw ofSide(error, side);
    });
    const { entries } = await splitScript(script);
    return { entries, tool, state: await readUnprintedState(connection) };
  };
  return await all<[SchemaOfEnd, SchemaOfEnd]>(run.signal, [
    (signal) => read("source", signal),
    (signal) => read("target", signal),
  ]);
}

/** Of two dumps the error has to say which one failed. */
function ofSide(error: unknown, side: Side): unknown {
  const explained = side === "source" ? explainBytes(error) : error;
  if (!(explained instanceof PgCopyError) || explained.code !== "schema_dump_failed") {
    return explained;
  }
  const { code, attempted, server, advice, items, statements, retrySafe } = explained;
  return new PgCopyError(`reading the ${side}'s schema: ${explained.message}`, {
    code,
    side,
    items,
    statements,
    retrySafe,
    ...(attempted === undefined ? {} : { attempted }),
    ...(server === undefined ? {} : { server }),
    ...(advice === undefined ? {} : { advice }),
    cause: explained,
  });
}

/** What differs between the two. */
export async function compareSchemas(
  [source, target]: readonly [SchemaOfEnd, SchemaOfEnd],
  servers: ComparedServers,
  { resolved, run }: { readonly resolved: ResolvedOptions; readonly run: Run },
): Promise<SchemaComparison> {
  const [here, there] = [servers.source.connection, servers.target.connection];
  const majors: Majors = {
    source: Math.floor(here.serverVersion / 10_000),
    target: Math.floor(there.serverVersion / 10_000),
  };
  const bothUsual = source.state.usualPublicSchema && target.state.usualPublicSchema;
  const compared = (entries: readonly TocEntry[]) =>
    bothUsual ? withoutPublicSchema(entries) : entries;
  const differences = [
    ...(await compareEntries(compared(source.entries), compared(target.entries), majors)),
    ...stateDifferences(source.state, target.state, resolved),
  ];
  return {
    source: servers.source.description,
    target: servers.target.description,
    sourceVersion: versionName(here.serverVersion),
    targetVersion: versionName(there.serverVersion),
    pgDump: source.tool,
    durationMs: Math.round(run.elapsedMs),
    same: differences.length === 0,
    entries: source.entries.length,
    differences,
    notes: [
      ...(bothUsual && majors.source < 15 !== majors.target < 15 ? [publicSchemaNote(majors)] : []),
      ...notesOn(source.state, target.state),
    ],
    warnings: run.warnings,
  };
}

/** Each server's own default; what is printed of it depends on the version. */
function withoutPublicSchema(entries: readonly TocEntry[]): readonly TocEntry[] {
  return entries.filter(({ title }) => title !== "SCHEMA public" && title !== "ACL SCHEMA public");
}

function publicSchemaNote({ source, target }: Majors): SchemaNote {
  const words = (major: number) =>
    major < 15 ? "everybody may create objects in it" : "its owner alone may create objects in it";
  return { what: "schema public", source: words(source), target: words(target) };
}

function stateDifferences(
  source: UnprintedState,
  target: UnprintedState,
  resolved: ResolvedOptions,
): SchemaDifference[] {
  const extensions = [...source.extensions].flatMap(([name, here]) => {
    const there = target.extensions.get(name);
    if (there === undefined || here.version === there.version || isUsual(here, there)) return [];
    return [changed(`EXTENSION ${name}`, "version", here.version, there.version)];
  });
  const tables = new Set([
    ...source.constraintTriggers.keys(),
    ...target.constraintTriggers.keys(),
  ]);
  const triggers = [...tables].flatMap((table) => {
    const here = source.constraintTriggers.get(table) ?? "";
    const there = target.constraintTriggers.get(table) ?? "";
    if (here === there) return [];
    return [changed(`TABLE ${table}`, "triggers of its foreign keys", here, there)];
  });
  return [...extensions, ...triggers, ...largeObjectDifferences(source, target, resolved)];
}

/** Of those that both ends have: which there are is a matter of data. */
function largeObjectDifferences(
  source: UnprintedState,
  target: UnprintedState,
  { noOwner, noAcl }: ResolvedOptions,
): SchemaDifference[] {
  const compared = [
    ...(noOwner ? [] : (["owner"] as const)),
    ...(noAcl ? [] : (["privileges"] as const)),
    "comment" as const,
  ];
  return [...(source.largeObjects ?? [])].flatMap(([oid, here]) => {
    const there = target.largeObjects?.get(oid);
    if (there === undefined) return [];
    return compared
      .filter((property) => here[property] !== there[property])
      .map((property) => changed(`LARGE OBJECT ${oid}`, property, here[property], there[property]));
  });
}

type ExtensionState = UnprintedState["extensions"] extends ReadonlyMap<string, infer E> ? E : never;

/** Each server has the version that came with it: another version of PostgreSQL, another version of its extensions. */
function isUsual(source: ExtensionState, target: ExtensionState): boolean {
  return (
    source.version === source.defaultVersion &&
    target.version === target.defaultVersion &&
    source.defaultVersion !== target.defaultVersion
  );
}

function changed(object: string, entry: string, source: string, target: string): SchemaDifference {
  const statements = (text: string) => (text === "" ? [] : [text]);
  return {
    object,
    entry,
    status: "different",
    source: statements(source),
    target: statements(target),
  };
}

function notesOn(source: UnprintedState, target: UnprintedState): SchemaNote[] {
  const properties = new Set([...source.database.keys(), ...target.database.keys()]);
  const database = [...properties]
    .filter((name) => source.database.get(name) !== target.database.get(name))
    .map((name) => note(`database ${name}`, source.database.get(name), target.database.get(name)));
  const settings = settingNotes(source, target);
  const extensions = [...source.extensions].flatMap(([name, here]) => {
    const there = target.extensions.get(name);
    if (there === undefined || !isUsual(here, there) || here.version === there.version) return [];
    return [note(`version of extension ${name}`, here.version, there.version)];
  });
  const indexes = new Set([...source.invalidIndexes, ...target.invalidIndexes]);
  const invalid = [...indexes].map((name) => ({
    what: `invalid index ${name}`,
    ...(source.invalidIndexes.includes(name) ? { source: "invalid" } : {}),
    ...(target.invalidIndexes.includes(name) ? { target: "invalid" } : {}),
  }));
  const objects = [source, target].some(({ largeObjects }) => largeObjects === undefined)
    ? [{ what: `owners of more than ${MOST_LARGE_OBJECTS} large objects`, source: "not compared" }]
    : [];
  return [...database, ...settings, ...extensions, ...invalid, ...objects];
}

function settingNotes(source: UnprintedState, target: UnprintedState): SchemaNote[] {
  const byName = ({ settings }: UnprintedState) =>
    new Map(
      settings.map(({ role, setting }) => {
        const parsed = parseSetting(setting);
        const of = role === undefined ? "" : ` for ${role}`;
        return [`database setting ${parsed.name}${of}`, parsed];
      }),
    );
  const [here, there] = [byName(source), byName(target)];
  return [...new Set([...here.keys(), ...there.keys()])].flatMap((what) => {
    const [one, other] = [here.get(what), there.get(what)];
    if (one?.value === other?.value) return [];
    return [note(what, one && shownSetting(one, other), other && shownSetting(other, one))];
  });
}

function note(what: string, source: string | undefined, target: string | undefined): SchemaNote {
  return {
    what,
    ...(source === undefined ? {} : { source }),
    ...(target === undefined ? {} : { target }),
  };
}
