/** What the value of an option may be. Each function gives the value, or says which option wants what. */

import { PgCopyError } from "../errors.js";
import type { Observer } from "../events.js";
import { nearest } from "../nearest-name.js";

/** A longer timer would fire at once. */
const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

export function given(name: string, value: string | undefined): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new PgCopyError(`no ${name} was given`, {
    code: "usage",
    advice: `give the ${name} as a postgres:// URI, a key=value string or pgdata:DIR`,
  });
}

export function positive(name: string, value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw wrongOption(name, value, "a whole number of at least 1");
}

export function threads(value: number | "auto" | undefined): number | "auto" {
  if (value === undefined || value === "auto") return "auto";
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw wrongOption("threads", value, "a whole number of at least 1, or auto");
}

/** PostgreSQL's own bounds of maintenance_work_mem, on every platform. */
const SMALLEST_WORK_MEMORY_BYTES = 1024 ** 2;
const LARGEST_WORK_MEMORY_BYTES = 2 * 1024 ** 3 - 1024;

export function isWorkMemory(bytes: number): boolean {
  const isWithin = bytes >= SMALLEST_WORK_MEMORY_BYTES && bytes <= LARGEST_WORK_MEMORY_BYTES;
  return Number.isSafeInteger(bytes) && isWithin;
}

export function workMemory(value: number | undefined): number | undefined {
  if (value === undefined || isWorkMemory(value)) return value;
  throw wrongOption(
    "maintenanceWorkMem",
    value,
    "a size of at least 1 MB and less than 2 GB, in bytes",
  );
}

/** Not only truthy: dropIfExists must not be on because of the string "false". */
export function flag(name: string, value: boolean | undefined): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw wrongOption(name, value, "true or false");
}

/** Only the shape: engine/row-rules.ts reads the names and parses the expressions. */
export function expressions(
  name: string,
  what: string,
  value: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  const entries = typeof value === "object" && value !== null && !Array.isArray(value);
  if (entries && Object.values(value).every((one) => typeof one === "string")) return value;
  throw wrongOption(name, value, `an object with an expression for each name of ${what}`);
}

export function interval(value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && value >= 0 && value <= LONGEST_INTERVAL_MS) return value;
  throw wrongOption(
    "progressIntervalMs",
    value,
    `a number of milliseconds up to ${LONGEST_INTERVAL_MS}, 0 for never`,
  );
}

export function observer(value: Observer | undefined): Observer | undefined {
  if (value === undefined || typeof value === "function") return value;
  throw wrongOption("observer", value, "a function");
}

export function signal(value: AbortSignal | undefined): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value;
  throw wrongOption("signal", value, "an AbortSignal");
}

export function pgDump(value: string | undefined): string | undefined {
  if (value === undefined || (typeof value === "string" && value !== "")) return value;
  throw wrongOption("pgDump", value, "the path of a pg_dump, or bundled");
}

export function directory(name: string, value: string | undefined): string | undefined {
  const isPath = typeof value === "string" && value.trim() !== "" && !value.includes("\0");
  if (value === undefined || isPath) return value;
  throw wrongOption(name, value, "the path of a directory");
}

export function oneOf<T extends string>(
  name: string,
  value: T | undefined,
  choices: readonly T[],
): T | undefined {
  if (value === undefined || choices.includes(value)) return value;
  throw wrongOption(name, value, `one of ${choices.join(", ")}`);
}

export function someOf<T extends string>(
  name: string,
  value: readonly T[] | undefined,
  choices: readonly T[],
): readonly T[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw wrongOption(name, value, `a list of ${choices.join(", ")}`);
  const wrong = (value as readonly T[]).find((one) => !choices.includes(one));
  if (wrong === undefined) return value;
  throw wrongOption(name, wrong, `one of ${choices.join(", ")}`, "each of ");
}

/** Snapshot ids look like 00000003-0000001B-1; the check keeps anything else out of the SQL text. */
export function snapshotId(value: string): string {
  if (/^[0-9A-F]+(-[0-9A-F]+)+$/i.test(value)) return value;
  throw wrongOption(
    "snapshot",
    value,
    "an id as pg_export_snapshot() gives it, such as 00000003-0000001B-1",
  );
}

/** @param known the names of all options. */
export function unknownOptions(names: readonly string[], known: readonly string[]): PgCopyError {
  const words = names.map((name) => {
    const meant = nearest(name, known);
    return meant === undefined ? name : `${name} (did you mean ${meant}?)`;
  });
  return new PgCopyError(`there is no option ${words.join(", ")}`, {
    code: "usage",
    advice: `the options are ${known.join(", ")}`,
  });
}

export function wrongOption(
  name: string,
  value: unknown,
  wanted: string,
  before = "",
): PgCopyError {
  // JSON knows no NaN, and refuses a bigint.
  const plain = typeof value === "number" || typeof value === "bigint";
  const shown = plain ? String(value) : (JSON.stringify(value) ?? String(value));
  const message = `${before}${name} must be ${wanted}, not ${shown}`;
  return new PgCopyError(message, { code: "usage", options: [name] });
}
