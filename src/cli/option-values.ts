/** The values of options: numbers and sizes, checked before anything is connected to. */

import { InvalidArgumentError } from "commander";
import { isWorkMemory } from "../options/option-values.js";
import { type Technique, techniqueNames } from "../techniques.js";

const SIZE = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i;
/** Powers of 1024, by what PostgreSQL and pgcopydb call them, in lower case. */
const SIZE_POWERS: Readonly<Record<string, number>> = {
  "": 0,
  b: 0,
  bytes: 0,
  kb: 1,
  mb: 2,
  gb: 3,
  tb: 4,
  pb: 5,
};

/** For commander: a whole number of at least 1. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count >= 1) return count;
  throw new InvalidArgumentError("It must be a whole number of at least 1.");
}

/** For commander: a whole number, 0 among them. */
export function parseCountOrNone(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count;
  throw new InvalidArgumentError("It must be a whole number of at least 0.");
}

/** For commander: a whole number of at least 1, or `auto`. */
export function parseThreads(text: string): number | "auto" {
  if (text === "auto") return text;
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of at least 1, or auto.");
}

/** Up to the first equal sign that is not within a quoted name. */
const NAME_AND_EXPRESSION = /^((?:"(?:[^"]|"")*"|[^"=])*)=(.*)$/s;

/** For commander: `NAME=EXPRESSION`, once more each time that it is given. */
export function collectExpression(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, written = "", expression] = NAME_AND_EXPRESSION.exec(text) ?? [];
  const name = written.trim();
  if (expression === undefined || name === "")
    throw new InvalidArgumentError("It must be a name, an equal sign and an expression.");
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return { ...before, [name]: expression };
}

const A_SIZE = "a size such as 200MB, 1GB, or a number of bytes";

/** For commander: bytes from `1GB`, `10 GB`, `512kB`, `1.5 TB` or `1073741824`. */
export function parseSize(text: string): number {
  return bytesOf(text, A_SIZE);
}

function bytesOf(text: string, what: string): number {
  const [, digits, unit] = SIZE.exec(text.trim()) ?? [];
  const power = unit === undefined ? undefined : SIZE_POWERS[unit.toLowerCase()];
  const bytes = power === undefined ? Number.NaN : Math.round(Number(digits) * 1024 ** power);
  if (Number.isSafeInteger(bytes) && bytes >= 1) return bytes;
  throw new InvalidArgumentError(`It must be ${what}.`);
}

const TIME = /^(\d+)\s*(s|min|h)?$/;
const SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3_600 };

/** For commander: seconds from `300`, `300s`, `5min` or `1h`. */
export function parseSeconds(text: string): number {
  const [, digits, unit = "s"] = TIME.exec(text.trim()) ?? [];
  const seconds = Number(digits) * (SECONDS[unit] ?? Number.NaN);
  if (Number.isSafeInteger(seconds)) return seconds;
  throw new InvalidArgumentError(
    "It must be a time such as 300s, 5min, 1h, or a number of seconds.",
  );
}

/** For commander: a size, `auto` or `never`. */
export function parseSplitLimit(text: string): number | "auto" | "never" {
  return text === "auto" || text === "never" ? text : bytesOf(text, `${A_SIZE}, auto or never`);
}

/** For commander: a size that maintenance_work_mem can have. */
export function parseWorkMemory(text: string): number {
  const bytes = parseSize(text);
  if (isWorkMemory(bytes)) return bytes;
  throw new InvalidArgumentError("It must be at least 1MB and less than 2GB.");
}

/** For commander: names with commas between them. */
export function parseTechniques(text: string): readonly Technique[] {
  return text.split(",").map((written) => {
    const name = techniqueNames.find((technique) => technique === written.trim());
    if (name !== undefined) return name;
    throw new InvalidArgumentError(`There is no "${written}": ${techniqueNames.join(", ")}.`);
  });
}

const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)$/;
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** A longer timer would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** For commander: milliseconds from `30s`, `10min`, `2h`, `1.5d`, in PostgreSQL's units. */
export function parseDuration(text: string): number {
  const [, digits, unit = ""] = DURATION.exec(text.trim()) ?? [];
  const durationMs = Math.round(Number(digits) * (UNIT_MS[unit] ?? Number.NaN));
  if (durationMs >= 1 && durationMs <= LONGEST_MS) return durationMs;
  throw new InvalidArgumentError("It must be a time such as 30s, 10min, 2h or 1d (up to 24 days).");
}

/** For commander: a time, or `never`, which is 0. */
export function parseTimeLimit(text: string): number {
  return text === "never" ? 0 : parseDuration(text);
}
