/** --config FILE, or pgcopy.json where pgcopy is started: its options, below those of the command line. */

import { readFile, stat } from "node:fs/promises";
import { PgCopyError } from "../errors.js";
import { writeJson } from "./json.js";
import { type ConfigOptions, loadLibrary } from "./library.js";
import type { Output } from "./output.js";
import type { ViewOptions } from "./view.js";

const DEFAULT_FILE = "pgcopy.json";

export interface ConfigFlags extends ViewOptions {
  /** `false`: --no-config. */
  readonly config?: string | false;
}

/**
 * What the file holds, and tells that it does: options that nobody typed must not come as a surprise.
 *
 * @throws PgCopyError `usage` when the file is wrong or, given by name, is not there.
 */
export async function readConfig(output: Output, flags: ConfigFlags): Promise<ConfigOptions> {
  const { config } = flags;
  if (config === false) return {};
  const file = config ?? DEFAULT_FILE;
  const text = await textOf(file, config !== undefined);
  if (text === undefined) return {};
  const { parseConfig } = await loadLibrary();
  const options = parseConfig(text, file);
  const names = Object.keys(options);
  say(
    output,
    flags,
    "info",
    `options from ${file}${names.length > 0 ? `: ${names.join(", ")}` : ""}`,
  );
  if ((await isReadByAll(file)) && (await holdsPassword(options))) {
    const advice = `chmod 600 ${file}, or keep it in ~/.pgpass`;
    say(
      output,
      flags,
      "warning",
      `${file} holds a password, and everybody on this machine can read it: ${advice}`,
    );
  }
  return options;
}

async function textOf(file: string, isWanted: boolean): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && !isWanted) return undefined;
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: "it does not exist",
      EACCES: "it may not be read",
      EISDIR: "it is a directory",
    };
    throw new PgCopyError(`can't read the options in ${file}: ${reasons[code ?? ""] ?? message}`, {
      code: "usage",
      advice: isWanted ? "give --config the path of a JSON file" : "mend it, or give --no-config",
    });
  }
}

/** Windows has no such bits. */
async function isReadByAll(file: string): Promise<boolean> {
  return process.platform !== "win32" && ((await stat(file)).mode & 0o004) !== 0;
}

/** A password in the text of an endpoint itself; where the text is wrong, that is told later. */
async function holdsPassword({ source, target }: ConfigOptions): Promise<boolean> {
  const { parseEndpoint } = await loadLibrary();
  for (const text of [source, target]) {
    if (text === undefined) continue;
    const endpoint = await parseEndpoint(text, {}, "source").catch(() => undefined);
    if (endpoint?.kind !== "server") continue;
    if (endpoint.passwordFrom === "the endpoint" || endpoint.tls.keyPassword !== undefined)
      return true;
  }
  return false;
}

function say(
  { stdout, stderr }: Output,
  { json, quiet }: ViewOptions,
  level: "info" | "warning",
  message: string,
): void {
  if (quiet === true && (level === "info" || json === true)) return;
  if (json === true) writeJson(stdout, { type: "notice", atMs: 0, level, message });
  else stderr.write(level === "info" ? `${message}\n` : `pgcopy: warning: ${message}\n`);
}
