// @ts-check
/** What was measured of a data set, as Markdown. */

import { cell } from "../markdown.js";
import { spread } from "../statistics.js";
import { slopeOf } from "./slope.js";

/** @typedef {import("./measure-points.js").Point} Point */

/** @param {readonly Point[]} points */
export function pointsTable(points) {
  const delays = [...new Set(points.map(({ delayMs }) => delayMs))];
  const roundTrips = delays.map((delay) => {
    const times = points.filter((one) => one.delayMs === delay).map((one) => one.roundTripMs);
    return spread(times).median.toFixed(1);
  });
  const names = [...new Set(points.map(({ contestant }) => contestant))];
  const heads = roundTrips.map((ms) => `s at ${ms} ms`);
  return [
    `| contestant | connections | round trips in all | ${heads.join(" | ")} | round trips one after the other |`,
    `|---|---|---|${"---|".repeat(delays.length)}---|`,
    ...names.map((name) => {
      const own = points.filter(({ contestant }) => contestant === name);
      const { roundTrips } = slopeOf(
        own.map(({ roundTripMs, wallMs }) => ({ roundTripMs, wallMs: spread(wallMs).median })),
      );
      const { title, traffic } = /** @type {Point} */ (own[0]);
      const walls = own.map(({ wallMs }) => (spread(wallMs).median / 1000).toFixed(2));
      return `| ${cell(title)} | ${traffic.connections} | ${traffic.roundTrips} | ${walls.join(" | ")} | ${roundTrips.toFixed(0)} |`;
    }),
  ].join("\n");
}
