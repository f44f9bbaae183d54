/** Tablespaces that the schema's entries go into. */

import type { SchemaScript } from "./toc.js";

/** Each once, with how many objects are in it: tables, indexes, materialized views, partitioned ones. */
export function neededTablespaces({ entries }: SchemaScript): Map<string, number> {
  const needed = new Map<string, number>();
  for (const { settings, statements } of entries) {
    const name = settings.default_tablespace;
    if (name === undefined || !statements.some(({ creates, constraint }) => creates || constraint))
      continue;
    needed.set(name, (needed.get(name) ?? 0) + 1);
  }
  return needed;
}
