// @ts-check
/** Amounts in words. */

/** @param {number} bytes */
export function gigabytes(bytes) {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/**
 * @param {number} number
 * @param {string} one
 * @param {string} [several]
 */
export function counted(number, one, several = `${one}s`) {
  return `${number} ${number === 1 ? one : several}`;
}

/**
 * What a data set, once made, is.
 *
 * @param {{ bytes: number, tables: number, indexes: number }} size
 */
export function sizeOf({ bytes, tables, indexes }) {
  return `${gigabytes(bytes)}, ${counted(tables, "table")}, ${counted(indexes, "index", "indexes")}`;
}
