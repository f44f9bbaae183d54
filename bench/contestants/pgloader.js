// @ts-check
/**
 * pgloader, which copies from PostgreSQL to PostgreSQL too. It makes tables, indexes and keys anew
 * from the catalog, and brings neither identity columns nor the sequences of the source, so that a
 * data set which has any puts it out.
 */

import { versionOf } from "../programs.js";
import { shell } from "./contestant.js";

/** @type {import("./contestant.js").Contestant} */
export const pgloader = {
  name: "pgloader",
  title: "pgloader",
  byDefault: true,
  analyzes: false,
  missing: async () =>
    (await versionOf("pgloader")) === undefined ? "pgloader is not on the PATH" : undefined,
  command: ({ source, target, jobs, directory }) =>
    shell(
      `printf %s "$1" > "$2/copy.load" && exec pgloader --quiet --on-error-stop --root-dir "$2/pgloader" "$2/copy.load"`,
      loadCommand(source, target, jobs),
      directory,
    ),
};

/**
 * @param {string} source
 * @param {string} target
 * @param {number} jobs
 */
const loadCommand = (source, target, jobs) => `
  load database from ${pgloaderUri(source)} into ${pgloaderUri(target)}
  with create tables, create indexes, foreign keys, reset sequences,
    workers = ${jobs}, concurrency = 1, max parallel create index = ${jobs};
`;

/**
 * A connection URI in pgloader's own form: a socket's directory after "unix:", the database in the
 * path, "@" and ":" doubled where they belong to the password.
 *
 * @param {string} uri
 */
function pgloaderUri(uri) {
  const { username, password, hostname, port, pathname, searchParams } = new URL(uri);
  const host = decodeURIComponent(hostname);
  const secret = decodeURIComponent(password).replaceAll("@", "@@").replaceAll(":", "::");
  const credentials = `${decodeURIComponent(username)}${secret === "" ? "" : `:${secret}`}`;
  const database = searchParams.get("dbname") ?? pathname.slice(1);
  const sslMode = searchParams.get("sslmode");
  return [
    `pgsql://${credentials}@${host.startsWith("/") ? "unix:" : ""}${host}:${port || 5432}/${database}`,
    sslMode === null ? "" : `?sslmode=${sslMode}`,
  ].join("");
}
