/** Options from a configuration file: its text becomes what the library takes, or one clear error. */

import { dirname, isAbsolute, resolve } from "node:path";
import { PgCopyError } from "../errors.js";
import { type CloneOptions, resolveCloneOptions } from "../options/clone-options.js";
import { unknownOptions } from "../options/option-values.js";
import { type JsonText, JsonTextError, parseJsonText } from "./json-text.js";
import { type ConfigName, type ConfigOptions, configNames, optionTable } from "./option-table.js";

/** For editors; it is no option. */
const SCHEMA_KEY = "$schema";

/**
 * Reads the text of a configuration file. Its values are checked as those of `clone` are; relative
 * paths in it count from its directory.
 *
 * @param file its path, for the messages and for relative paths.
 * @throws PgCopyError `usage`, naming the file, the line, and what is allowed.
 */
export function parseConfig(text: string, file: string): ConfigOptions {
  const { value, keyLines } = parsed(text, file);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong(`${file} must hold one object, with an option to each key`);
  const options = Object.entries(value).filter(([name]) => name !== SCHEMA_KEY);
  const unknown = options.map(([name]) => name).find((name) => !isOption(name));
  if (unknown !== undefined)
    throw inFile(unknownOptions([unknown], configNames), place(file, keyLines, unknown));
  const config = Object.fromEntries(options) as ConfigOptions;
  for (const [name, one] of options) check({ [name]: one }, place(file, keyLines, name));
  check(config, file);
  return withPathsFrom(dirname(resolve(file)), config);
}

function parsed(text: string, file: string): JsonText {
  try {
    return parseJsonText(text);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    const { line, column, message } = error;
    throw wrong(`${file}, line ${line}, column ${column}: ${message}`, {
      advice: "the file must be JSON: keys and texts in double quotes, no comments",
    });
  }
}

function isOption(name: string): name is ConfigName {
  return Object.hasOwn(optionTable, name);
}

/** One at a time, so that the message can tell where in the file it stands. */
function check(options: ConfigOptions, where: string): void {
  try {
    // The endpoints may come from elsewhere.
    resolveCloneOptions({ source: "-", target: "-", ...options } as CloneOptions);
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.code !== "usage") throw error;
    throw inFile(error, where);
  }
}

/** The option is named as the file does: what was typed is the file's name. */
function inFile({ message, advice, items }: PgCopyError, where: string): PgCopyError {
  return wrong(`${where}: ${message}`, { items, ...(advice === undefined ? {} : { advice }) });
}

function place(file: string, keyLines: JsonText["keyLines"], name: string): string {
  const line = keyLines.get(name);
  return line === undefined ? file : `${file}, line ${line}`;
}

/** Wherever pgcopy is started: a file means the same. */
function withPathsFrom(directory: string, config: ConfigOptions): ConfigOptions {
  const changed = Object.entries(config).flatMap(([name, value]) => {
    if (typeof value !== "string") return [];
    const option = optionTable[name as ConfigName];
    if (name === "source" || name === "target") return [[name, endpointFrom(directory, value)]];
    return option.isPath === true ? [[name, pathFrom(directory, value)]] : [];
  });
  return { ...config, ...Object.fromEntries(changed) };
}

/** A word without a slash is no path: `bundled`, or a program on the PATH. */
function pathFrom(directory: string, path: string): string {
  return isAbsolute(path) || !/[\\/]/.test(path) ? path : resolve(directory, path);
}

function endpointFrom(directory: string, endpoint: string): string {
  const [, path, query = ""] = /^\s*pgdata:([^~?][^?]*)(\?.*)?$/s.exec(endpoint) ?? [];
  return path === undefined || isAbsolute(path)
    ? endpoint
    : `pgdata:${resolve(directory, path)}${query}`;
}

function wrong(
  message: string,
  fields: { readonly advice?: string; readonly items?: readonly string[] } = {},
): PgCopyError {
  return new PgCopyError(message, { code: "usage", ...fields });
}
