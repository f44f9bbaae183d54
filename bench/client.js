// @ts-check
/**
 * What pgcopy itself costs: the client's CPU time for each GB, and whether its peak memory depends on
 * how much there is to copy. Each data set is made twice, at the scale given and at four times that,
 * and copied with 4 and with 8 jobs, in alternating rounds.
 */

import { clientTable } from "./client-table.js";
import { readContents } from "./contents.js";
import { pgcopy, pgcopyNull } from "./contestants/pgcopy.js";
import { mixed } from "./data-sets/mixed.js";
import { dropDatabase, makeDataSet } from "./databases.js";
import { runExperiment } from "./experiment.js";
import { profilePgcopy } from "./profile.js";
import { alternate, runOnce } from "./rounds.js";

/** The second shows the source side and the relay alone. */
const contestants = [pgcopy, pgcopyNull];
const TIMES = [1, 4];
const JOBS = [4, 8];

await runExperiment({
  usage: `npm run bench:client -- [DATA-SET...] [options]

pgcopy's CPU time for each GB and its peak memory, at --scale and at four times that (default: mixed).
Options: --scale, --rounds, --source-version, --target-version, --output, as of npm run bench.`,
  usual: [mixed],
  kind: "client",
  measure: measureClient,
});

/**
 * @typedef {object} Size
 * @property {number} times of the scale given
 * @property {number} scale
 * @property {number} bytes of the database
 * @property {number} copiedBytes as they went over the wire
 * @property {import("./rounds.js").Field} field
 */

/**
 * @param {import("./data-sets/data-set.js").DataSet} dataSet
 * @param {import("./experiment.js").Setting} setting
 */
async function measureClient(dataSet, { options, field, tell }) {
  const { source } = field.servers;
  const databaseOf = (/** @type {number} */ times) => `pgcopy_bench_client_${times}`;
  try {
    /** @type {Size[]} */
    const sizes = [];
    for (const times of TIMES) {
      const scale = options.scale * times;
      tell(`making the data set at scale ${scale}`);
      const sourceDatabase = databaseOf(times);
      const { bytes } = await makeDataSet(source, dataSet, scale, sourceDatabase);
      const own = {
        ...field,
        sourceDatabase,
        contents: await readContents(source, sourceDatabase),
      };
      const { copiedBytes } = await profilePgcopy(own);
      sizes.push({ times, scale, bytes, copiedBytes, field: own });
    }
    const rounds = options.rounds ?? dataSet.rounds;
    const results = await alternate(cellsOf(sizes), rounds, measureCell, { tell });
    const cells = results.map(({ contestant: { title, jobs, size }, ...result }) => ({
      ...{ title, jobs, times: size.times },
      measurements: result.measurements.map(({ stdout, failure, ...measured }) => measured),
      failure: result.failure,
    }));
    const plainSizes = sizes.map(({ field, ...size }) => size);
    return {
      markdown: `### ${dataSet.name}, rounds: ${rounds}\n\n${clientTable(plainSizes, cells)}`,
      failed: cells.some(({ failure }) => failure !== undefined),
      results: { rounds, sizes: plainSizes, cells },
    };
  } finally {
    for (const times of TIMES) await dropDatabase(source, databaseOf(times));
  }
}

/** @param {readonly Size[]} sizes */
function cellsOf(sizes) {
  return contestants.flatMap(({ title, ...contestant }) =>
    JOBS.flatMap((jobs) =>
      sizes.map((size) => {
        const name = `${title}, ${jobs} jobs, ${size.times} ×`;
        return { name, title, jobs, size, contestant };
      }),
    ),
  );
}

/** @param {ReturnType<typeof cellsOf>[number]} cell */
async function measureCell({ jobs, size, contestant: { command, apart } }) {
  const { contents } = size.field;
  return await runOnce(command, { ...size.field, jobs, contents: apart ? undefined : contents });
}
