// @ts-check
/** What the charts share: a linear axis from 0, in SVG units, with round numbers on it, and room for names. */

import { html } from "./html.js";

const MOST_TICKS = 7;
/** Of a letter at the charts' size of type; there is nothing here to measure it with. */
const LETTER = 7.8;

/** The width of all that the charts draw, in SVG units. */
export const CHART_WIDTH = 1000;

/** How wide the column of names at the left is. @param {readonly string[]} names */
export function labelWidth(names) {
  const letters = Math.max(...names.map(({ length }) => length));
  return Math.min(340, Math.max(150, letters * LETTER + 20));
}

/**
 * @typedef {object} Axis
 * @property {(value: number) => number} x
 * @property {readonly { value: number, label: string }[]} ticks
 *
 * @param {number} most the largest value that must fit
 * @param {{ left: number, width: number }} place
 * @returns {Axis}
 */
export function axisTo(most, { left, width }) {
  const end = most > 0 ? most : 1;
  const step = roundStep(end / MOST_TICKS);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return {
    x: (value) => Number((left + (width * value) / end).toFixed(1)),
    ticks: Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, i) => ({
      value: i * step,
      label: (i * step).toFixed(digits),
    })),
  };
}

/** The next of 1, 2, 5, 10, … times a power of ten. @param {number} least */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((times) => times * power >= least) ?? 10) * power;
}

/**
 * Its lines, with the numbers below them.
 *
 * @param {Axis} axis
 * @param {{ top: number, bottom: number, unit: string }} place
 */
export function gridOf({ x, ticks }, { top, bottom, unit }) {
  return ticks.map(
    ({ value, label }, i) =>
      html`<line class="grid" x1="${x(value)}" x2="${x(value)}" y1="${top}" y2="${bottom}"/><text class="soft" x="${x(value)}" y="${bottom + 15}" text-anchor="middle">${label}${i === ticks.length - 1 && ` ${unit}`}</text>`,
  );
}
