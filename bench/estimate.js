// @ts-check
/** How long pgcopy's run was expected to take, beside how long it took. */

/**
 * Undefined where no estimate is known, as in files of older runs.
 *
 * @param {{ reportedMs: number, estimatedMs?: number | null }} profile
 */
export function estimateWords({ reportedMs, estimatedMs }) {
  if (!estimatedMs) return undefined;
  const times = (reportedMs / estimatedMs).toFixed(2);
  return `Estimated: ${seconds(estimatedMs)}. Outcome: ${seconds(reportedMs)}, so ${times} × the estimate`;
}

/** @param {number} ms */
function seconds(ms) {
  return `${(ms / 1000).toFixed(2)} s`;
}
