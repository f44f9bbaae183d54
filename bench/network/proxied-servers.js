// @ts-check
/** The benchmark's two servers, each behind a proxy: contestants go through it, the bench itself does not. */

import { startProxy } from "./delayed-proxy.js";

/**
 * @typedef {import("../servers.js").BenchServer} BenchServer
 * @typedef {import("../servers.js").BenchServers & {
 *   setDelay: (delayMs: number) => void,
 *   takeTraffic: () => import("./delayed-proxy.js").Traffic,
 *   proxiedTarget: import("pgcopy").ServerEndpoint,
 * }} ProxiedServers
 */

/**
 * @template T
 * @param {import("../servers.js").BenchServers} servers
 * @param {number} bytesPerSecond
 * @param {(servers: ProxiedServers) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withProxies({ source, target }, bytesPerSecond, use) {
  const proxies = {
    source: await startProxy(socketOf(source), bytesPerSecond),
    target: await startProxy(socketOf(target), bytesPerSecond),
  };
  const both = [proxies.source, proxies.target];
  try {
    return await use({
      source: behind(source, proxies.source.port),
      target: behind(target, proxies.target.port),
      setDelay: (delayMs) => {
        for (const proxy of both) proxy.setDelay(delayMs);
      },
      takeTraffic: () => {
        const [one, other] = both.map((proxy) => proxy.takeTraffic());
        return {
          connections: (one?.connections ?? 0) + (other?.connections ?? 0),
          roundTrips: (one?.roundTrips ?? 0) + (other?.roundTrips ?? 0),
        };
      },
      proxiedTarget: {
        ...target.endpoint(target.maintenanceDatabase),
        hosts: [{ host: "127.0.0.1", port: proxies.target.port }],
      },
    });
  } finally {
    await Promise.all(both.map((proxy) => proxy.close()));
  }
}

/** @param {BenchServer} server */
function socketOf(server) {
  const [address] = server.endpoint(server.maintenanceDatabase).hosts;
  if (address === undefined) throw new Error("a server without an address");
  const { host, port } = address;
  return host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
}

/**
 * What contestants are given leads through the proxy.
 *
 * @param {BenchServer} server
 * @param {number} port
 * @returns {BenchServer}
 */
function behind(server, port) {
  const uri = (/** @type {string} */ database) => {
    const given = server.uri(database);
    const [, scheme, user = ""] = /^(postgres(?:ql)?:\/\/)([^@/]*@)?/i.exec(given) ?? [];
    const rest = given.slice((scheme?.length ?? 0) + user.length);
    return `${scheme}${user}127.0.0.1:${port}${rest.slice(rest.search(/[/?]|$/))}`;
  };
  return { ...server, uri };
}
