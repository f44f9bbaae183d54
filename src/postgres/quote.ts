/** The only ways in which names and values enter SQL text. */

/** A name as SQL: always quoted, so that no keyword or odd character can change its meaning. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."name"`. */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}

/**
 * A string as an SQL literal, for the statements that take no parameters. A backslash makes it an
 * `E''` literal, so that it means the same whatever `standard_conforming_strings` is.
 */
export function quoteLiteral(value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return quoted.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** A name as people read it: quoted only where SQL would need it. For messages, never for SQL. */
export function displayName(...parts: readonly string[]): string {
  return parts.map((part) => (/^[a-z_][a-z0-9_$]*$/.test(part) ? part : quoteName(part))).join(".");
}
