// @ts-check
/**
 * What each technique brings: pgcopy as it is, against pgcopy with one technique turned off, in
 * alternating rounds. The techniques are those that the library lists, so that a new one takes part by
 * itself, and what other options turn off.
 */

import { techniques } from "pgcopy";
import { readContents } from "./contents.js";
import { pgcopy, pgcopyClone } from "./contestants/pgcopy.js";
import { many } from "./data-sets/many.js";
import { mixed } from "./data-sets/mixed.js";
import { dropDatabase, makeDataSet, SOURCE_DATABASE } from "./databases.js";
import { runExperiment } from "./experiment.js";
import { withTargetsKept } from "./kept-targets.js";
import { UsageError } from "./options.js";
import { runRounds } from "./rounds.js";
import { techniquesTable } from "./techniques-table.js";

const names = Object.keys(techniques);

/** @typedef {{ technique: string, name: string, command: import("./contestants/contestant.js").Contestant["command"] }} Variant */

/** @type {readonly Variant[]} */
const variants = [
  ...names.map((name) => without(name, ["--without", name])),
  without("binary", ["--copy-format", "text"]),
  without("jobs", [], 1),
  without("all but jobs", ["--without", names.join(","), "--copy-format", "text"]),
];

const variantNames = variants.map(({ technique }) => technique);

await runExperiment({
  usage: `npm run bench:techniques -- [DATA-SET...] [options]

pgcopy as it is, and with one technique after the other turned off (default: many and mixed).

  --only A,B    some of: ${variantNames.join(", ")}

Other options: --scale, --rounds, --jobs, --source-version, --target-version, --output, as of npm run bench.`,
  usual: [many, mixed],
  own: ["only"],
  check: ({ own }) => chosenVariants(own.only),
  kind: "techniques",
  measure: measureTechniques,
});

/**
 * @param {string} technique
 * @param {readonly string[]} options that turn it off
 * @param {number} [jobs] in place of those asked for
 * @returns {Variant}
 */
function without(technique, options, jobs) {
  return {
    technique,
    name: `without ${technique}`,
    command: (run) => pgcopyClone({ ...run, jobs: jobs ?? run.jobs }, "--quiet", ...options),
  };
}

/**
 * @param {import("./data-sets/data-set.js").DataSet} dataSet
 * @param {import("./experiment.js").Setting} setting
 */
async function measureTechniques(dataSet, { options, own, field, tell }) {
  const { source } = field.servers;
  const { scale, rounds = dataSet.rounds, jobs } = options;
  const chosen = chosenVariants(own.only);
  try {
    tell(`making the data set at scale ${scale}`);
    const { bytes } = await makeDataSet(source, dataSet, scale);
    const contents = await readContents(source, SOURCE_DATABASE);
    const plain = { technique: undefined, name: pgcopy.name, command: pgcopy.command };
    const all = [plain, ...chosen];
    const found = await withTargetsKept(dataSet, { ...field, contents }, (kept) =>
      runRounds(all, rounds, kept, { tell }),
    );
    const results = found.map(({ contestant, measurements, failure }) => ({
      without: contestant.technique,
      measurements: measurements.map(({ stdout, failure, ...measured }) => measured),
      failure,
    }));
    return {
      markdown: `### ${dataSet.name} at scale ${scale}, rounds: ${rounds}, jobs: ${jobs}\n\n${techniquesTable(results)}`,
      failed: results.some(({ failure }) => failure !== undefined),
      results: { scale, bytes, rounds, jobs, results },
    };
  } finally {
    await dropDatabase(source, SOURCE_DATABASE);
  }
}

/** @param {string | undefined} only */
function chosenVariants(only) {
  if (only === undefined) return variants;
  return only.split(",").map((name) => {
    const found = variants.find(({ technique }) => technique === name);
    if (found !== undefined) return found;
    throw new UsageError(`no technique "${name}": there are ${variantNames.join(", ")}`);
  });
}
