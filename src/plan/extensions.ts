/**
 * The schema's entries about extensions, fitted to what was asked for and to what the target has.
 * An extension is tied to its entries by its OID; a comment to its extension's entry by pg_dump's
 * dependency.
 */

import type { Extension } from "../catalog/catalog.js";
import { quoteLiteral } from "../postgres/quote.js";
import type { SchemaScript, StatementKind, TocEntry } from "./toc.js";

/** Which entry is an extension's own. */
export function extensionEntries(schema: SchemaScript): Map<number, TocEntry> {
  const own = schema.entries.filter(({ statements }) =>
    statements.some(({ kind }) => kind === "extension"),
  );
  return new Map(own.map((entry) => [entry.oid, entry]));
}

/** Entries of objects, and those that only exist with them: their comments, labels and owners. */
export function withoutEntries(
  schema: SchemaScript,
  leftOut: (entry: TocEntry) => boolean,
): SchemaScript {
  const gone = new Set(schema.entries.filter(leftOut).map(({ dumpId }) => dumpId));
  if (gone.size === 0) return schema;
  return {
    ...schema,
    entries: schema.entries.filter(
      (entry) => !gone.has(entry.dumpId) && !isAbout(entry, gone, attachments),
    ),
  };
}

/** Kinds of statements that say something of an object that another entry creates. */
const attachments: ReadonlySet<StatementKind> = new Set(["comment", "security_label", "owner"]);

function isAbout(
  entry: TocEntry,
  dumpIds: ReadonlySet<number>,
  kinds: ReadonlySet<StatementKind>,
): boolean {
  return (
    entry.dependencies.some((id) => dumpIds.has(id)) &&
    entry.statements.length > 0 &&
    entry.statements.every(({ kind }) => kinds.has(kind))
  );
}

/** Without CREATE EXTENSION and what is said of extensions. */
export function withoutExtensions(schema: SchemaScript): SchemaScript {
  return withoutEntries(schema, ({ statements }) =>
    statements.some(({ kind }) => kind === "extension"),
  );
}

/** With CREATE EXTENSION … VERSION for some. */
export function withVersions(
  schema: SchemaScript,
  versions: ReadonlyMap<number, string>,
): SchemaScript {
  if (versions.size === 0) return schema;
  const entries = schema.entries.map((entry) => {
    const version = versions.get(entry.oid);
    if (version === undefined) return entry;
    const statements = entry.statements.map((statement) =>
      statement.kind === "extension"
        ? { ...statement, sql: `${statement.sql} VERSION ${quoteLiteral(version)}` }
        : statement,
    );
    return { ...entry, statements };
  });
  return { ...schema, entries };
}

/** Without COMMENT ON EXTENSION for these. */
export function withoutComments(
  schema: SchemaScript,
  extensions: readonly Extension[],
): SchemaScript {
  const own = extensionEntries(schema);
  const about = new Set(extensions.flatMap(({ oid }) => own.get(oid)?.dumpId ?? []));
  if (about.size === 0) return schema;
  const comments: ReadonlySet<StatementKind> = new Set(["comment"]);
  return {
    ...schema,
    entries: schema.entries.filter((entry) => !isAbout(entry, about, comments)),
  };
}

const PG_NAMESPACE = 2615;
const ofForeignSchema: ReadonlySet<StatementKind> = new Set(["comment", "security_label", "acl"]);

/**
 * Schemas that the target has already because an extension lives in them: not created. One that
 * belongs to another role than ours keeps its owner, comment and privileges.
 *
 * @param kept by the schema's OID on the source: whether the target's role owns it there.
 */
export function withKeptSchemas(
  schema: SchemaScript,
  kept: ReadonlyMap<number, { readonly owned: boolean }>,
): SchemaScript {
  if (kept.size === 0) return schema;
  const isKept = ({ classOid, oid }: TocEntry) => classOid === PG_NAMESPACE && kept.has(oid);
  const foreign = new Set(
    schema.entries
      .filter((entry) => isKept(entry) && kept.get(entry.oid)?.owned === false)
      .map(({ dumpId }) => dumpId),
  );
  const entries = schema.entries
    .filter((entry) => !isAbout(entry, foreign, ofForeignSchema))
    .map((entry) => {
      if (!isKept(entry)) return entry;
      const statements = entry.statements.filter(
        ({ kind }) => kind !== "schema" && !(kind === "owner" && foreign.has(entry.dumpId)),
      );
      return { ...entry, statements };
    });
  return { ...schema, entries };
}
