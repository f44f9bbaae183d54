// @ts-check
/** Wall time against the time of a round trip: what one more millisecond costs. */

/**
 * By least squares: how many times a round trip's time is in the whole, and what the whole takes
 * without any.
 *
 * @param {readonly { roundTripMs: number, wallMs: number }[]} points at least two, of different round trips
 * @returns {{ roundTrips: number, wallMs: number }}
 */
export function slopeOf(points) {
  const mean = (/** @type {(point: typeof points[number]) => number} */ of) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const x = mean(({ roundTripMs }) => roundTripMs);
  const y = mean(({ wallMs }) => wallMs);
  const covariance = mean(({ roundTripMs, wallMs }) => (roundTripMs - x) * (wallMs - y));
  const variance = mean(({ roundTripMs }) => (roundTripMs - x) ** 2);
  const roundTrips = covariance / variance;
  return { roundTrips, wallMs: y - roundTrips * x };
}
