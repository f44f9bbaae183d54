// @ts-check
/**
 * The CPU time of a server on this machine: that of its processes that live, and of those that have
 * ended, which the kernel adds to the postmaster's when it waits for them. It depends less than wall
 * time on what else the machine does. Linux only, and only for servers that the benchmark started.
 */

import { readFile } from "node:fs/promises";
import { withConnection } from "./databases.js";

/** Of the kernel's clock; the same on all machines that Node.js runs on. */
const TICKS_PER_SECOND = 100;

/**
 * @typedef {object} ServerCpu
 * @property {number} source seconds
 * @property {number} target seconds
 */

/**
 * @param {import("./servers.js").BenchServers} servers
 * @returns {Promise<ServerCpu | undefined>} since each was started; undefined if it can't be known
 */
export async function serverCpu({ source, target }) {
  try {
    return { source: await secondsOf(source), target: await secondsOf(target) };
  } catch {
    return undefined;
  }
}

/**
 * @param {ServerCpu | undefined} before
 * @param {ServerCpu | undefined} after
 */
export function serverCpuBetween(before, after) {
  if (before === undefined || after === undefined) return undefined;
  return { source: after.source - before.source, target: after.target - before.target };
}

/** @param {import("./servers.js").BenchServer} server */
async function secondsOf(server) {
  if (server.origin !== "embedded") throw new Error("a server of somebody else's");
  const postmaster = await postmasterOf(server);
  const children = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, "utf8");
  const list = children.split(" ").filter((pid) => pid !== "");
  // One that ends in the meantime is in the postmaster's sum, if that is read after it.
  const living = await Promise.all(list.map((pid) => ticksOf(pid, 2).catch(() => 0)));
  const ended = await ticksOf(String(postmaster), 4);
  return living.reduce((sum, ticks) => sum + ticks, ended) / TICKS_PER_SECOND;
}

/** @type {WeakMap<import("./servers.js").BenchServer, number>} */
const postmasters = new WeakMap();

/** @param {import("./servers.js").BenchServer} server */
async function postmasterOf(server) {
  const known = postmasters.get(server);
  if (known !== undefined) return known;
  return await withConnection(server, server.maintenanceDatabase, async (connection) => {
    const [row] = await connection.query(
      "reading the postmaster's process id",
      "select pg_catalog.split_part(pg_catalog.pg_read_file('postmaster.pid'), E'\\n', 1)::int4 as pid",
    );
    const pid = Number(row?.pid);
    postmasters.set(server, pid);
    return pid;
  });
}

/**
 * The first of a process's times, summed: user, system, and both of the children that it waited for.
 *
 * @param {string} pid
 * @param {2 | 4} count
 */
async function ticksOf(pid, count) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The program's name stands in parentheses before them, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 11 + count).reduce((sum, ticks) => sum + Number(ticks), 0);
}
