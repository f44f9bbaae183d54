/** Sizes as PostgreSQL's settings take them, which people can read, too. */

const MB = 1024 ** 2;
const GB = 1024 ** 3;

/** `512MB`, `16GB`: rounded up to the next power of two, and to a whole MB. */
export function settingSize(bytes: number): string {
  const power = 2 ** Math.ceil(Math.log2(Math.max(bytes, MB)));
  return power >= GB ? `${power / GB}GB` : `${power / MB}MB`;
}

/** `480 MB`, `1.3 GB`. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const unit = Math.min(
    units.length - 1,
    Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1024)),
  );
  const value = bytes / 1024 ** unit;
  return `${value < 10 && unit > 1 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
