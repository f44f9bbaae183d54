/** Connection services: named sets of parameters in pg_service.conf, as libpq reads it. */

import { join } from "node:path";
import type { Side } from "../errors.js";
import type { Environment } from "../run/environment.js";
import { checkParameterName, type ParameterValues, wrongEndpoint } from "./parameters.js";
import { readIfPresent } from "./user-files.js";

/**
 * The parameters of a service: from PGSERVICEFILE or ~/.pg_service.conf, else from pg_service.conf
 * in PGSYSCONFDIR.
 *
 * @throws PgCopyError `usage` if there is no such service, or its definition can't be read.
 */
export async function serviceParameters(
  service: string,
  environment: Environment,
  side: Side,
): Promise<ParameterValues> {
  const files = serviceFiles(environment);
  for (const file of files) {
    const text = await readIfPresent(file);
    const section = text === undefined ? undefined : sectionOf(text, service);
    if (section !== undefined) return parseSection(section, file, side);
  }
  throw wrongEndpoint(
    side,
    `service ${JSON.stringify(service)} is defined nowhere`,
    files.length === 0
      ? "name the file in PGSERVICEFILE"
      : `looked into ${files.join(" and ")}; another file can be named in PGSERVICEFILE`,
  );
}

function serviceFiles(environment: Environment): string[] {
  const { PGSERVICEFILE, PGSYSCONFDIR, HOME } = environment;
  const own = PGSERVICEFILE || (HOME ? join(HOME, ".pg_service.conf") : undefined);
  return [own, PGSYSCONFDIR ? join(PGSYSCONFDIR, "pg_service.conf") : undefined].filter(
    (file) => file !== undefined,
  );
}

/** The lines below `[service]`. */
function sectionOf(text: string, service: string): string[] | undefined {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const start = lines.indexOf(`[${service}]`);
  if (start === -1) return undefined;
  const end = lines.findIndex((line, index) => index > start && line.startsWith("["));
  return lines.slice(start + 1, end === -1 ? undefined : end);
}

function parseSection(lines: readonly string[], file: string, side: Side): ParameterValues {
  const values = new Map<string, string>();
  for (const line of lines) {
    const [name = "", ...rest] = line.split("=");
    if (rest.length === 0) throw wrongEndpoint(side, `a line of the service in ${file} has no "="`);
    checkParameterName(name, side, false);
    if (name === "service") throw wrongEndpoint(side, `a service in ${file} names another service`);
    // The first of several lines for a parameter counts, as in libpq.
    if (!values.has(name)) values.set(name, rest.join("="));
  }
  return values;
}
