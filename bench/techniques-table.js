// @ts-check
/** What each technique brings, as Markdown. */

import { cell } from "./markdown.js";
import { spread, spreadOfMeasured } from "./statistics.js";

/**
 * @typedef {object} VariantResult the first of a list is pgcopy as it is
 * @property {string | undefined} without the technique that was turned off
 * @property {readonly Measured[]} measurements
 * @property {string | undefined} failure
 *
 * @typedef {object} Measured
 * @property {number} wallMs
 * @property {number | undefined} [cpuSeconds]
 * @property {import("./server-cpu.js").ServerCpu | undefined} [serverCpuSeconds]
 */

/** @param {readonly VariantResult[]} results */
export function techniquesTable([plain, ...others]) {
  const base = plain && mediansOf(plain);
  if (base === undefined) return `pgcopy itself is out: ${plain?.failure}`;
  return [
    "| technique | seconds with it | without it | times as long without it | client CPU, s | servers' CPU, s |",
    "|---|---|---|---|---|---|",
    ...others.map((result) => {
      const found = mediansOf(result);
      const cells =
        found === undefined
          ? ["", outOf(result), "", "", ""]
          : [
              secondsOf(base.seconds),
              secondsOf(found.seconds),
              `${(found.seconds.median / base.seconds.median).toFixed(2)} ×`,
              change(base.cpu, found.cpu),
              change(base.serverCpu, found.serverCpu),
            ];
      return `| ${[result.without, ...cells].join(" | ")} |`;
    }),
  ].join("\n");
}

/** @param {VariantResult} result */
function mediansOf({ measurements, failure }) {
  if (failure !== undefined || measurements.length === 0) return undefined;
  const servers = measurements.map(({ serverCpuSeconds: cpu }) => cpu && cpu.source + cpu.target);
  return {
    seconds: spread(measurements.map(({ wallMs }) => wallMs / 1000)),
    cpu: spreadOfMeasured(measurements.map(({ cpuSeconds }) => cpuSeconds))?.median,
    serverCpu: spreadOfMeasured(servers)?.median,
  };
}

/** @param {import("./statistics.js").Spread} spread */
function secondsOf({ median, min, max }) {
  return `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`;
}

/**
 * @param {number | undefined} before
 * @param {number | undefined} after
 */
function change(before, after) {
  if (before === undefined || after === undefined) return "not measured";
  return `${before.toFixed(2)}, without it ${after.toFixed(2)}`;
}

/** @param {VariantResult} result */
function outOf({ failure = "not measured" }) {
  return cell(`out: ${failure}`);
}
