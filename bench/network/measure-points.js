// @ts-check
/** The copies: each round goes through all delays, and at each through all contestants. */

import { connect } from "pgcopy";
import { runOnce } from "../rounds.js";
import { spread } from "../statistics.js";

const PROBES = 5;

/**
 * @typedef {import("./proxied-servers.js").ProxiedServers} ProxiedServers
 *
 * @typedef {object} Point
 * @property {string} contestant its name
 * @property {string} title
 * @property {number} delayMs each way
 * @property {number} roundTripMs of a trivial query, through the proxy
 * @property {number[]} wallMs
 * @property {import("./delayed-proxy.js").Traffic} traffic of one copy, both servers together
 */

/**
 * @param {string} name
 * @param {import("./network-options.js").NetworkOptions} options
 * @param {import("../rounds.js").Field} field
 * @param {ProxiedServers} servers
 */
export async function measurePoints(name, { contestants, delays, rounds }, field, servers) {
  /** @type {Map<string, Point>} */
  const points = new Map();
  /** @type {Map<string, string>} */
  const failures = new Map();
  for (let round = 0; round <= rounds; round++) {
    // The warm-up is one copy each, with no delay.
    for (const delayMs of round === 0 ? [0] : delays) {
      servers.setDelay(delayMs);
      const roundTripMs = await measureRoundTrip(servers);
      for (const contestant of contestants) {
        if (failures.has(contestant.name)) continue;
        servers.takeTraffic();
        const { wallMs, failure } = await runOnce(contestant.command, field);
        const traffic = servers.takeTraffic();
        if (failure !== undefined) failures.set(contestant.name, `${contestant.title}: ${failure}`);
        console.error(
          `${name}: round ${round}, ${delayMs} ms each way, ${contestant.name}: ${failure ?? `${(wallMs / 1000).toFixed(2)} s`}`,
        );
        if (round === 0 || failure !== undefined) continue;
        const id = `${contestant.name} ${delayMs}`;
        const point = points.get(id) ?? {
          contestant: contestant.name,
          title: contestant.title,
          delayMs,
          roundTripMs,
          wallMs: [],
          traffic,
        };
        point.wallMs.push(wallMs);
        points.set(id, point);
      }
    }
  }
  return { points: [...points.values()], failures: [...failures.values()] };
}

/** @param {ProxiedServers} servers */
async function measureRoundTrip(servers) {
  const connection = await connect(servers.proxiedTarget, {
    side: "target",
    purpose: "bench",
    signal: new AbortController().signal,
  });
  try {
    const times = [];
    for (let i = 0; i < PROBES; i++) {
      const began = performance.now();
      await connection.query("measuring a round trip", "select 1");
      times.push(performance.now() - began);
    }
    return spread(times).median;
  } finally {
    await connection.close();
  }
}
