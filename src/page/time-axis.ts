/** The one time axis that everything on the page's chart stands on. */

import { formatDuration } from "../formatting.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A few lines are enough to read a time off. */
const MOST_TICKS = 8;

const TICK_STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 30].map((days) => days * DAY),
];

export interface Tick {
  readonly atMs: number;
  readonly label: string;
}

/** Round times from 0 to the end, some four to eight of them. */
export function ticks(durationMs: number): Tick[] {
  const stepMs = TICK_STEPS.find((step) => durationMs / step <= MOST_TICKS) ?? 60 * DAY;
  const count = Math.floor(durationMs / stepMs) + 1;
  return Array.from({ length: count }, (_, i) => ({
    atMs: i * stepMs,
    label: i === 0 ? "0" : tickLabel(i * stepMs, stepMs),
  }));
}

/** In the unit of the axis' steps, so that labels stay short and alike; a whole larger one is said so. */
function tickLabel(atMs: number, stepMs: number): string {
  if (atMs % DAY === 0) return `${atMs / DAY} d`;
  if (stepMs >= HOUR || atMs % HOUR === 0) return `${atMs / HOUR} h`;
  if (stepMs >= MINUTE || atMs % MINUTE === 0) return `${atMs / MINUTE} min`;
  return stepMs >= SECOND || atMs >= SECOND ? `${atMs / SECOND} s` : `${atMs} ms`;
}

/** A moment as the page writes it: `1.24 s`, `3 min 12 s`. */
export function momentWords(atMs: number): string {
  return atMs < 10 * SECOND ? `${(atMs / SECOND).toFixed(2)} s` : formatDuration(atMs);
}

/** `12.34%` of the axis. */
export function percentOf(atMs: number, durationMs: number): string {
  const percent = durationMs <= 0 ? 0 : (100 * atMs) / durationMs;
  return `${Number(Math.min(100, Math.max(0, percent)).toFixed(3))}%`;
}
