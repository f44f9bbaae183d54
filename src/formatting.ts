/**
 * Numbers as people read them. Sizes count in powers of 1024 and are called kB, MB, GB, as
 * PostgreSQL's pg_size_pretty does, so that they can be compared with what psql says.
 */

const SIZE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
const COUNT_UNITS = ["", " k", " M", " G", " T"];

/** `512 B`, `1.3 GB`, `24 MB`: two digits at least, one decimal at most. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  return scaled(
    bytes,
    1024,
    SIZE_UNITS.map((unit) => ` ${unit}`),
  );
}

/** `3,204,118`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `3.2 M`, for columns with no room for every digit. */
export function formatCompactCount(count: number): string {
  return count < 1000 ? String(Math.round(count)) : scaled(count, 1000, COUNT_UNITS);
}

/** `20 ms`, `4.2 s`, `41 s`, `3 min 12 s`, `1 h 4 min`, `2 d 3 h`. */
export function formatDuration(durationMs: number): string {
  const whole = Math.round(durationMs);
  if (whole < 1000) return `${whole} ms`;
  const tenths = Math.round(whole / 100);
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(whole / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `98 MB/s`. */
export function formatThroughput(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** Bytes over time as `98 MB/s`; `undefined` when the time was too short to divide by. */
export function formatAverage(bytes: number, durationMs: number): string | undefined {
  return durationMs < 1 ? undefined : formatThroughput((bytes / durationMs) * 1000);
}

/** `62 %`, rounded down: 100 % is said only when all is done. */
export function formatPercent(fraction: number): string {
  return `${Math.floor(Math.min(1, Math.max(0, fraction)) * 100)} %`;
}

/** `2026-11-20 16:55:03 UTC`; what is no moment stays as it is. */
export function formatMoment(moment: Date | string): string {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return String(moment);
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `1 table`, `17 tables`, `1 index`, `24 indexes`. */
export function formatNumberOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** The largest unit in which the number, once rounded, is still below the next unit. */
function scaled(value: number, base: number, units: readonly string[]): string {
  let unit = 0;
  let rest = value;
  while (rest >= base && unit < units.length - 1) {
    rest /= base;
    unit++;
  }
  if (Math.round(rest) >= base && unit < units.length - 1) {
    rest /= base;
    unit++;
  }
  const tenths = Math.round(rest * 10) / 10;
  return `${tenths < 10 && unit > 0 ? tenths.toFixed(1) : Math.round(rest)}${units[unit]}`;
}
