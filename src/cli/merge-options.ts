/** Options of the command line over those of a configuration file. */

import type { ConfigOptions } from "./library.js";

/** An option that sets others, and that therefore replaces them when it is typed. */
const SETS: Readonly<Record<string, readonly string[]>> = {
  jobs: ["tableJobs", "indexJobs"],
  // Two words for one thing.
  statistics: ["skipAnalyze"],
  skipAnalyze: ["statistics"],
};

/**
 * What was typed goes before what the file says. Lists and objects add to the file's: that a mask was
 * typed for one column must not unmask those of the file.
 */
export function mergeOptions<F extends object>(config: ConfigOptions, flags: F): ConfigOptions & F {
  const merged: Record<string, unknown> = { ...config };
  for (const [name, value] of Object.entries(flags)) {
    // Flags can only switch on; one that is false was not given.
    if (value === undefined || (value === false && Object.hasOwn(merged, name))) continue;
    merged[name] = added(merged[name], value);
    for (const other of SETS[name] ?? [])
      if ((flags as Record<string, unknown>)[other] === undefined) delete merged[other];
  }
  return merged as ConfigOptions & F;
}

function added(before: unknown, value: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(value)) return [...before, ...value];
  if (!isObject(before) || !isObject(value)) return value;
  const members = Object.entries(value).map(([key, one]) => [
    key,
    Object.hasOwn(before, key) ? added(before[key], one) : one,
  ]);
  return { ...before, ...Object.fromEntries(members) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
