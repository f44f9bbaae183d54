/**
 * Which of the source's objects an entry of the schema speaks of. Most say so in their heading. A
 * comment, a grant or an owned sequence names the entries that it depends on; attachments name
 * relations in their statement; a user mapping its server, and a shell type its type, by name only.
 */

import type { Catalog } from "../catalog/catalog.js";
import { type NamedObject, type ObjectKey, objectKey } from "../catalog/read-source-objects.js";
import { nameKey } from "./schema-facts.js";
import { PG_CLASS, PG_FOREIGN_SERVER, PG_TYPE } from "./system-catalogs.js";
import type { TocEntry } from "./toc.js";

/** By dump id: the objects that an entry can't be without; none where that is not known. */
export type EntryObjects = ReadonlyMap<number, readonly ObjectKey[]>;

const NAME = String.raw`((?:"(?:[^"]|"")+"|[^\s";(])+)`;
const MAPPING = new RegExp(String.raw`^\s*create user mapping for ${NAME} server ${NAME}`, "i");
const SERVER = new RegExp(String.raw`^\s*create server ${NAME}`, "i");

/** Looks at all entries, in their order. */
export function objectsOfEntries(
  entries: readonly TocEntry[],
  catalog: Pick<Catalog, "tables" | "indexes" | "sequences">,
  views: readonly NamedObject[],
): EntryObjects {
  const relations = new Map(
    [...catalog.tables, ...catalog.indexes, ...catalog.sequences, ...views].map((relation) => [
      nameKey(relation),
      objectKey(PG_CLASS, relation.oid),
    ]),
  );
  const servers = new Map(
    entries
      .filter(({ classOid }) => classOid === PG_FOREIGN_SERVER)
      .map((entry) => [SERVER.exec(firstSql(entry))?.[1], objectKey(PG_FOREIGN_SERVER, entry.oid)]),
  );
  const types = new Map(
    entries
      .filter(({ classOid }) => classOid === PG_TYPE)
      .map((entry) => [typeHead(entry), objectKey(PG_TYPE, entry.oid)]),
  );
  const objects = new Map<number, readonly ObjectKey[]>();
  const known = (key: ObjectKey | undefined) => (key === undefined ? [] : [key]);
  const objectsOf = (entry: TocEntry): readonly ObjectKey[] => {
    if (entry.classOid !== 0) return [objectKey(entry.classOid, entry.oid)];
    const listed = entry.dependencies.flatMap((id) => objects.get(id) ?? []);
    if (listed.length > 0 || entry.dependencies.length > 0) return listed;
    const server = MAPPING.exec(firstSql(entry))?.[2];
    if (server !== undefined) return known(servers.get(server));
    const head = typeHead(entry);
    const shell = head === undefined ? undefined : types.get(head);
    if (shell !== undefined) return [shell];
    return entry.statements
      .flatMap((statement) => statement.relations)
      .flatMap((relation) => known(relations.get(nameKey(relation))));
  };
  // What an entry depends on may come after it: a comment on a view that needs a key does.
  for (const entry of entries)
    if (entry.classOid !== 0) objects.set(entry.dumpId, objectsOf(entry));
  for (const entry of entries)
    if (entry.classOid === 0) objects.set(entry.dumpId, objectsOf(entry));
  return objects;
}

function firstSql({ statements }: TocEntry): string {
  return statements[0]?.sql ?? "";
}

/** `CREATE TYPE app.span`, which a shell and its full definition have in common. */
function typeHead(entry: TocEntry): string | undefined {
  return /^\s*create type (?:"(?:[^"]|"")+"|[^\s"(;])+/i.exec(firstSql(entry))?.[0];
}
