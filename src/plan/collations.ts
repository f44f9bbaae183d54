/** Collations that statements name, and the schema without those that it would create. */

import { withoutEntries } from "./extensions.js";
import { nameKey } from "./schema-facts.js";
import type { RelationName, SchemaScript } from "./toc.js";

/** OID of the catalog that holds them. */
const PG_COLLATION = 3456;

/** Without CREATE COLLATION, and the collations' owners and comments. */
export function withoutCollations(schema: SchemaScript): SchemaScript {
  return withoutEntries(schema, ({ classOid }) => classOid === PG_COLLATION);
}

/** What else the schema needs of the target: every collation that it names and PostgreSQL brings or should be there. */
export function neededCollations(
  schema: SchemaScript,
  { skipCollations }: { readonly skipCollations: boolean },
): RelationName[] {
  const named = schema.entries
    .flatMap((entry) => entry.statements)
    .flatMap((statement) => statement.collations ?? [])
    // Else the schema, or one of its extensions, creates it.
    .filter(({ schema: of }) => skipCollations || of === "pg_catalog");
  return [...new Map(named.map((name) => [nameKey(name), name])).values()];
}
