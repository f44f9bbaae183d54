// @ts-check
/** The contestants, in the order in which each round runs them; a new one is a line in this list. */

import { pgDumpContestants } from "./pg-dump.js";
import { pgcopy, pgcopyBundled, pgcopyNull } from "./pgcopy.js";
import { pgcopydbContestants } from "./pgcopydb.js";
import { pgloader } from "./pgloader.js";

/** @type {readonly import("./contestant.js").Contestant[]} */
export const contestants = [
  pgcopy,
  pgcopyBundled,
  pgcopyNull,
  ...pgDumpContestants,
  ...pgcopydbContestants,
  pgloader,
];
