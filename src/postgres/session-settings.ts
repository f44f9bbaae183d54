/**
 * What every session pins, on both ends, whatever the role's or the database's defaults are. Each
 * changes what a value looks like as text, or how long a statement may take: a source with
 * `DateStyle = 'SQL, DMY'` would otherwise hand 2024-02-01 to the target as 2024-01-02, silently,
 * and without `row_security = off` a role under row security would copy a subset, silently.
 */

import { quoteLiteral } from "./quote.js";

const everywhere: Readonly<Record<string, string>> = {
  client_encoding: "UTF8",
  datestyle: "ISO, MDY",
  intervalstyle: "postgres",
  extra_float_digits: "3",
  bytea_output: "hex",
  lc_monetary: "C",
  xmloption: "content",
  array_nulls: "on",
  quote_all_identifiers: "off",
  standard_conforming_strings: "on",
  check_function_bodies: "off",
  row_security: "off",
  search_path: "",
  statement_timeout: "0",
  lock_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  client_min_messages: "warning",
  jit: "off",
  // A client whose machine or network is gone is found out within two minutes; by the system's own
  // values after two hours, for which its session would keep its locks and, on a source, the xmin.
  tcp_keepalives_idle: "60",
  tcp_keepalives_interval: "10",
  tcp_keepalives_count: "6",
};

/** Parameters that only newer servers know: the version (as server_version_num / 10000) that brought them. */
const since: readonly (readonly [major: number, name: string, value: string])[] = [
  [14, "idle_session_timeout", "0"],
  [17, "transaction_timeout", "0"],
];

/**
 * The statements that pin a session, as one script.
 *
 * @param extra further parameters of this session, such as `synchronous_commit`.
 */
export function pinSettings(
  serverVersion: number,
  extra: Readonly<Record<string, string>>,
): string {
  const settings: Record<string, string> = { ...everywhere };
  for (const [major, name, value] of since) {
    if (serverVersion >= major * 10_000) settings[name] = value;
  }
  Object.assign(settings, extra);
  return Object.entries(settings)
    .map(([name, value]) => `set ${name} = ${quoteLiteral(value)}`)
    .join("; ");
}

/** How often a server looks whether its client is still there while a statement runs, in milliseconds. */
const CLIENT_CHECK_MS = 500;

/**
 * Has the server end a statement whose client is gone: without it a CREATE INDEX goes on for as long as
 * it takes. Only where the server can: from version 14 on, and surely only on Linux; elsewhere setting
 * it is an error, which would end the session before it began.
 */
export function watchClient(serverVersion: number): string {
  if (serverVersion < 140_000) return "select";
  return `select pg_catalog.set_config('client_connection_check_interval', '${CLIENT_CHECK_MS}', false)
    where pg_catalog.version() like '%linux%'`;
}

/** What a session on the target has these set to, but for the statements that need another value. */
export const pinnedSettings: Readonly<Record<string, string>> = {
  default_tablespace: "",
  default_table_access_method: "heap",
};
