// @ts-check
/**
 * A data set is SQL: what makes it, in phases. The statements of a phase run at the same time, each
 * on a session of its own with search_path public; the next phase begins when all of them are done.
 * Every value comes from its row's number, so that a data set is the same everywhere.
 *
 * @typedef {object} DataSet
 * @property {string} name
 * @property {string} description
 * @property {number} rounds how many it gets unless the caller says otherwise
 * @property {boolean} [manyFiles] whether a copy of it is so many files that removing one makes creating
 *   the next slower: its targets stay until all rounds are over
 * @property {(scale: number) => string[][]} phases
 */

/**
 * A number of rows or tables at a scale; never less than one.
 *
 * @param {number} atScaleOne
 * @param {number} scale
 */
export function scaled(atScaleOne, scale) {
  return Math.max(1, Math.round(atScaleOne * scale));
}

/**
 * The numbers from 1 to `count` in equal pieces, for as many sessions to fill one table at the same
 * time.
 *
 * @param {number} count
 * @param {number} sessions
 * @returns {{ first: number, last: number }[]} none of them empty
 */
export function ranges(count, sessions) {
  const pieces = Math.min(count, sessions);
  return Array.from({ length: pieces }, (_, i) => ({
    first: Math.floor((count * i) / pieces) + 1,
    last: Math.floor((count * (i + 1)) / pieces),
  }));
}
