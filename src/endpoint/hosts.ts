/** Where an endpoint's servers are: its parameters host, hostaddr and port, each a list. */

import { isIP } from "node:net";
import { join } from "node:path";
import type { Side } from "../errors.js";
import type { HostAddress } from "./endpoint.js";
import { type ParameterValues, wrongEndpoint } from "./parameters.js";
import { defaultSocketDirectories } from "./password-file.js";
import { exists } from "./user-files.js";

const DEFAULT_PORT = 5432;

/**
 * The hosts in order; one port counts for all of them.
 *
 * @throws PgCopyError `usage`.
 */
export async function hostList(values: ParameterValues, side: Side): Promise<HostAddress[]> {
  const hosts = list(values.get("host"));
  const addresses = list(values.get("hostaddr"));
  const ports = list(values.get("port"));
  const count = Math.max(hosts.length, addresses.length, 1);
  for (const [name, { length }] of Object.entries({ host: hosts, hostaddr: addresses })) {
    if (length === 0 || length === count) continue;
    throw wrongEndpoint(side, `${name} lists ${length} places, and others ${count}`);
  }
  if (ports.length > 1 && ports.length !== count) {
    throw wrongEndpoint(side, `${ports.length} ports are given for ${count} hosts`);
  }
  return await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const port = portNumber(ports.length === 1 ? ports[0] : ports[index], side);
      const address = addresses[index] || undefined;
      const host = hosts[index] || address || (await defaultHost(port));
      return checkedPlace({ host, port, ...(address === undefined ? {} : { address }) }, side);
    }),
  );
}

function list(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(",").map((item) => item.trim());
}

/** The text is not repeated: in `postgres://user:pa/ss@host/` it is a piece of the password. */
function portNumber(text: string | undefined, side: Side): number {
  if (!text) return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw wrongEndpoint(
    side,
    "the port is not a number from 1 to 65535",
    "if it is meant to be part of a password, percent-encode the password: / is %2F, @ is %40, : is %3A",
  );
}

function checkedPlace(place: HostAddress, side: Side): HostAddress {
  if (place.address !== undefined && isIP(place.address) === 0) {
    throw wrongEndpoint(side, "hostaddr is not an IP address", "a name goes into host");
  }
  if (place.host.startsWith("/") || /^[^\s@/\\?#]+$/.test(place.host)) return place;
  throw wrongEndpoint(
    side,
    "the host holds a character that no host name can have",
    "the directory of a unix socket is an absolute path; in a URI its / are written %2F",
  );
}

/** Where no host is given: the usual unix socket if a server has one there, else localhost. */
async function defaultHost(port: number): Promise<string> {
  if (process.platform === "win32") return "localhost";
  for (const directory of defaultSocketDirectories) {
    if (await exists(join(directory, `.s.PGSQL.${port}`))) return directory;
  }
  return "localhost";
}
