// @ts-check
/** A command that measures something between the two servers. */

import { runCommand } from "./command.js";
import { describeMachine } from "./machine.js";
import { canMeasureResources } from "./measured-process.js";
import { describeServer, withServers } from "./servers.js";
import { factsTable } from "./tables.js";

/**
 * @typedef {Awaited<ReturnType<typeof describeAll>>} Facts
 *
 * @typedef {object} Bench what there is to measure with
 * @property {Facts} facts
 * @property {Omit<import("./rounds.js").Field, "contents">} field
 */

/**
 * Reads the options, and runs `measure` with the two servers, once it is said what they are.
 *
 * @template {import("./options.js").BenchOptions} O
 * @param {object} command
 * @param {string} command.usage
 * @param {(args: string[]) => O | "help"} command.read
 * @param {(options: O, bench: Bench) => Promise<number>} measure returns the exit code
 */
export async function runServersCommand({ usage, read }, measure) {
  await runCommand(async (args, signal) => {
    const options = read(args);
    if (options === "help") {
      console.log(usage);
      return 0;
    }
    return await withServers(options, signal, async (servers) => {
      const facts = await describeAll(servers);
      console.log(`${factsTable(facts.machine, facts.servers)}\n`);
      const resources = await canMeasureResources();
      const { jobs, timeLimitMs } = options;
      const field = { servers, jobs, resources, timeLimitMs, signal };
      return await measure(options, { facts, field });
    });
  });
}

/**
 * The machine's and the servers' facts.
 *
 * @param {import("./servers.js").BenchServers} servers
 */
async function describeAll({ source, target }) {
  return {
    machine: await describeMachine(),
    servers: { source: await describeServer(source), target: await describeServer(target) },
  };
}
