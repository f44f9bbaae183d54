// @ts-check
/** Targets of many files, which are not dropped while anything is measured (docs/performance.md#many-small-tables). */

import { dropDatabase } from "./databases.js";

/**
 * Gives `use` the field. Where removing a copy's files would make the next copy slower, its targets are
 * put aside, and dropped when `use` has ended.
 *
 * @template {Omit<import("./rounds.js").Field, "contents">} F
 * @template T
 * @param {Pick<import("./data-sets/data-set.js").DataSet, "manyFiles">} dataSet
 * @param {F} field
 * @param {(field: F) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withTargetsKept({ manyFiles = false }, field, use) {
  if (!manyFiles) return await use(field);
  /** @type {string[]} */
  const kept = [];
  try {
    return await use({ ...field, kept });
  } finally {
    for (const database of kept) await dropDatabase(field.servers.target, database);
  }
}
