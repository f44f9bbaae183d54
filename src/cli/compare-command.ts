/** `pgcopy compare schema` and `pgcopy compare data`. */

import { dataComparisonLines } from "./compare-data-lines.js";
import { type ComparisonStyle, schemaComparisonLines } from "./compare-schema-lines.js";
import { chooseEndpoints } from "./endpoints.js";
import { EXIT_DIFFERENT, EXIT_SUCCESS } from "./exit-codes.js";
import { writeJson } from "./json.js";
import { type DataComparison, loadLibrary, type SchemaComparison } from "./library.js";
import { type Output, reportStyle } from "./output.js";
import type { CompareDataFlags, CompareSchemaFlags } from "./program/compare-commands.js";
import type { ViewOptions } from "./view.js";
import { watchRun } from "./watched-run.js";

const STOPPING = "interrupted: stopping the work on both servers (once more leaves at once)";

/** Gives the exit code: a difference is no failure of the command, and scripts must hear of it. */
export async function compareSchemaCommand(
  output: Output,
  endpoints: readonly string[],
  flags: CompareSchemaFlags,
): Promise<number> {
  const { owner, acl, pgDump } = flags;
  const { environment } = output;
  const options = {
    ...chooseEndpoints(endpoints, environment),
    ...(pgDump === undefined ? {} : { pgDump }),
    noOwner: !owner,
    noAcl: !acl,
    environment,
  };
  const comparison = await watchRun(output, { ...flags, stopping: STOPPING }, async (run) => {
    const { compareSchema } = await loadLibrary();
    const { signal, observer } = run;
    return await compareSchema({ ...options, signal, observer });
  });
  if (flags.json === true) writeSchemaJson(output, comparison, flags);
  else print(output, flags, (style) => schemaComparisonLines(comparison, style));
  return comparison.same ? EXIT_SUCCESS : EXIT_DIFFERENT;
}

/** Gives the exit code, as above. */
export async function compareDataCommand(
  output: Output,
  endpoints: readonly string[],
  flags: CompareDataFlags,
): Promise<number> {
  const { json, verbose, quiet, ...given } = flags;
  const { environment } = output;
  const options = { ...chooseEndpoints(endpoints, environment), ...given, environment };
  const comparison = await watchRun(output, { ...flags, stopping: STOPPING }, async (run) => {
    const { compareData } = await loadLibrary();
    const { signal, observer, progressIntervalMs } = run;
    return await compareData({ ...options, signal, observer, progressIntervalMs });
  });
  if (json === true) writeDataJson(output, comparison, flags);
  else print(output, flags, (style) => dataComparisonLines(comparison, style));
  return comparison.same ? EXIT_SUCCESS : EXIT_DIFFERENT;
}

function print(
  output: Output,
  { quiet, verbose }: ViewOptions,
  lines: (style: ComparisonStyle) => readonly string[],
): void {
  if (quiet === true) return;
  const style = { ...reportStyle(output), verbose: verbose ?? false };
  output.stdout.write(`${lines(style).join("\n")}\n`);
}

/** A line for each difference, and one for the whole; with --quiet that one alone. */
function writeSchemaJson(
  { stdout }: Output,
  { differences, ...whole }: SchemaComparison,
  { quiet }: ViewOptions,
): void {
  if (quiet !== true)
    for (const one of differences) writeJson(stdout, { type: "schema_difference", ...one });
  writeJson(stdout, { type: "schema_comparison", ...whole, differences: differences.length });
}

function writeDataJson(
  { stdout }: Output,
  { tableDifferences, sequenceDifferences, ...whole }: DataComparison,
  { quiet }: ViewOptions,
): void {
  if (quiet !== true) {
    for (const one of tableDifferences) writeJson(stdout, { type: "table_difference", ...one });
    for (const one of sequenceDifferences)
      writeJson(stdout, { type: "sequence_difference", ...one });
  }
  writeJson(stdout, {
    type: "data_comparison",
    ...whole,
    tableDifferences: tableDifferences.length,
    sequenceDifferences: sequenceDifferences.length,
  });
}
