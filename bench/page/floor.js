// @ts-check
/** What the servers themselves must spend on a data set. */

import { counted } from "../amounts.js";
import { html } from "./html.js";

/** Those that a file may have; one that is not here is called by its key. @type {Readonly<Record<string, string>>} */
const titles = {
  out: "COPY TO /dev/null",
  in: "COPY FROM a file, FREEZE",
  indexes: "indexes",
  foreignKeys: "foreign keys",
  analyze: "ANALYZE",
};

/** @param {import("./results.js").DataSetRun} run */
export function floorWords({ floor }) {
  if (floor === undefined) return undefined;
  const heading = html`<h3>The servers’ own work</h3>`;
  if ("unmeasured" in floor)
    return html`${heading}<p class="aside">Not measured: ${floor.unmeasured}</p>`;
  const { basis, partsMs, workMs, floorMs, cores } = floor;
  const parts = Object.entries(partsMs).map(
    ([part, ms]) => `${titles[part] ?? part} ${workTime(ms)}`,
  );
  return html`${heading}<p>${parts.join(" + ")} = ${workTime(workMs)} of ${basis === "cpu" ? "CPU time" : "time"}, without a client and one statement at a time. ${counted(cores, "core")} never idle would do it in ${workTime(floorMs)}. A contestant that takes less leaves something out, such as ANALYZE, or does something in another way.</p>`;
}

/** A small data set has a floor of milliseconds. @param {number} ms */
export function workTime(ms) {
  return ms < 100 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
