// @ts-check
/** Few samples of long runs: the median, and how far they went. */

/**
 * @typedef {object} Spread
 * @property {number} median
 * @property {number} min
 * @property {number} max
 */

/**
 * @param {readonly number[]} values at least one
 * @returns {Spread}
 */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = /** @type {number} */ (sorted[middle]);
  const lower = /** @type {number} */ (sorted[(sorted.length - 1) >> 1]);
  return {
    median: (lower + upper) / 2,
    min: /** @type {number} */ (sorted[0]),
    max: /** @type {number} */ (sorted.at(-1)),
  };
}

/**
 * The spread of those that were measured; undefined if none was.
 *
 * @param {readonly (number | undefined)[]} values
 */
export function spreadOfMeasured(values) {
  const measured = values.filter((value) => value !== undefined);
  return measured.length === 0 ? undefined : spread(measured);
}
