/**
 * ALTER ROLE … SET and ALTER DATABASE … SET, from what pg_db_role_setting holds: `name=value`, where
 * the value of a list parameter is a list of names, quoted as SQL would.
 */

import { quoteLiteral, quoteName } from "../postgres/quote.js";

export interface Setting {
  readonly name: string;
  readonly value: string;
}

/** The parameters that PostgreSQL marks GUC_LIST_QUOTE: each name of their list is a value of its own. */
const quotedLists: ReadonlySet<string> = new Set([
  "local_preload_libraries",
  "search_path",
  "session_preload_libraries",
  "shared_preload_libraries",
  "temp_tablespaces",
  "unix_socket_directories",
]);

export function parseSetting(text: string): Setting {
  const at = text.indexOf("=");
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}

/**
 * A setting as people may see it where it differs from the other end's. A parameter that PostgreSQL
 * doesn't know may hold a secret of the user's own (`app.jwt_secret`), so its value is not shown.
 */
export function shownSetting(setting: Setting, other: Setting | undefined): string {
  if (!setting.name.includes(".")) return setting.value;
  return other === undefined ? "set" : "set to another value";
}

/** `set "search_path" to 'a', 'b'`: what follows ALTER ROLE … or ALTER DATABASE …. */
export function setClause({ name, value }: Setting): string {
  const values = quotedLists.has(name.toLowerCase()) ? splitNames(value) : [value];
  return `set ${quoteName(name)} to ${values.map(quoteLiteral).join(", ")}`;
}

/** `a, "B c"` → `a`, `B c`. An empty list is one empty value, which SET takes for it. */
function splitNames(list: string): string[] {
  const names = [...list.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^",]+))\s*(?:,|$)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain?.trim() ?? "",
  );
  return names.length === 0 ? [""] : names;
}
