// @ts-check
/** One data set: made, copied by all contestants in rounds, the floor measured beside them. */

import { counted, sizeOf } from "./amounts.js";
import { readContents } from "./contents.js";
import { pgcopy } from "./contestants/pgcopy.js";
import { dropDatabase, makeDataSet, SOURCE_DATABASE } from "./databases.js";
import { withFloor } from "./floor/floor.js";
import { summarize } from "./floor/summary.js";
import { judge } from "./goals.js";
import { withTargetsKept } from "./kept-targets.js";
import { timeNodeStart } from "./machine.js";
import { profilePgcopy } from "./profile.js";
import { runRounds } from "./rounds.js";
import { floorTable, goalsTable, profileTable, resultsTable } from "./tables.js";

/**
 * @typedef {Omit<import("./rounds.js").Field, "contents">} Shared
 * @typedef {Awaited<ReturnType<typeof runDataSet>>} DataSetRun what the JSON holds of it
 */

/**
 * @param {import("./data-sets/data-set.js").DataSet} dataSet
 * @param {readonly import("./contestants/contestant.js").Contestant[]} contestants
 * @param {Pick<import("./options.js").BenchOptions, "scale" | "rounds"> & { cores: number }} options
 * @param {Shared} shared
 */
export async function runDataSet(dataSet, contestants, options, shared) {
  const { scale } = options;
  const { name } = dataSet;
  const { source } = shared.servers;
  /** @param {string} message */
  const tell = (message) => console.error(`${name}: ${message}`);
  tell(`making the data set at scale ${scale}`);
  try {
    const { bytes } = await makeDataSet(source, dataSet, scale);
    const contents = await readContents(source, SOURCE_DATABASE);
    const run = { dataSet, contestants, options, bytes, contents, tell };
    return await withTargetsKept(dataSet, { ...shared, contents }, (field) =>
      measureDataSet(run, field),
    );
  } finally {
    await dropDatabase(source, SOURCE_DATABASE);
  }
}

/**
 * @param {object} run
 * @param {import("./data-sets/data-set.js").DataSet} run.dataSet
 * @param {readonly import("./contestants/contestant.js").Contestant[]} run.contestants
 * @param {Parameters<typeof runDataSet>[2]} run.options
 * @param {number} run.bytes the size of the source database
 * @param {import("./contents.js").Contents} run.contents
 * @param {(message: string) => void} run.tell
 * @param {import("./rounds.js").Field} field
 */
async function measureDataSet({ dataSet, contestants, options, bytes, contents, tell }, field) {
  const { name, description, manyFiles = false } = dataSet;
  const { scale, cores, rounds = dataSet.rounds } = options;
  const measured = await measureRounds(contestants, rounds, { field, cores, tell, manyFiles });
  const { results, floor, nodeStartsMs } = measured;
  const own = results.find(({ contestant }) => contestant === pgcopy);
  const profile = own && !own.failure ? await profilePgcopy(field) : undefined;
  const goals = judge(name, { ...measured, copiedBytes: profile?.copiedBytes });
  const size = { bytes, tables: contents.tables.size, indexes: contents.indexes.size };
  console.log(`\n### ${name} at scale ${scale}: ${sizeOf(size)}; ${counted(rounds, "round")}\n`);
  console.log(`${resultsTable(results, floor)}\n\n${floorTable(floor)}\n`);
  if (goals.length > 0) console.log(`${goalsTable(goals)}\n`);
  if (profile !== undefined) console.log(`${profileTable(profile)}\n`);
  const { jobs } = field;
  const plainResults = plain(results);
  return {
    dataSet: name,
    description,
    scale,
    ...size,
    rounds,
    jobs,
    results: plainResults,
    floor,
    nodeStartsMs,
    goals,
    profile,
  };
}

/**
 * The contestants' rounds, and what each round measures besides: the floor, and Node.js starting.
 *
 * @param {readonly import("./contestants/contestant.js").Contestant[]} contestants
 * @param {number} rounds
 * @param {object} context
 * @param {import("./rounds.js").Field} context.field
 * @param {number} context.cores
 * @param {(message: string) => void} context.tell
 * @param {boolean} context.manyFiles whether the floor, which drops indexes, has to wait for the last round
 * @returns {Promise<Omit<import("./goals.js").Figures, "copiedBytes">>}
 */
async function measureRounds(contestants, rounds, { field, cores, tell, manyFiles }) {
  return await withFloor(field.servers, async (floor) => {
    /** @type {import("./floor/floor.js").FloorRound[]} */
    const floors = [];
    /** @type {number[]} */
    const nodeStartsMs = [];
    const measureFloor = async () => {
      if (!("measure" in floor)) return undefined;
      const measured = await floor.measure();
      tell(`the floor: ${(summarize([measured], cores).workMs / 1000).toFixed(2)} s of work`);
      return measured;
    };
    /** @param {boolean} counted */
    const afterRound = async (counted) => {
      const nodeMs = await timeNodeStart();
      const measured = manyFiles ? undefined : await measureFloor();
      if (!counted) return;
      nodeStartsMs.push(nodeMs);
      if (measured !== undefined) floors.push(measured);
    };
    const results = await runRounds(contestants, rounds, field, { tell, afterRound });
    const last = manyFiles ? await measureFloor() : undefined;
    if (last !== undefined) floors.push(last);
    return {
      results,
      floor: "unmeasured" in floor ? floor : summarize(floors, cores),
      nodeStartsMs,
    };
  });
}

/** @param {readonly import("./rounds.js").Result[]} results */
function plain(results) {
  return results.map(({ contestant, measurements, failure }) => ({
    contestant: contestant.name,
    title: contestant.title,
    apart: contestant.apart,
    analyzes: contestant.analyzes,
    measurements: measurements.map(({ stdout, failure, ...measured }) => measured),
    failure,
  }));
}
