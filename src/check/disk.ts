/** Room for the data on the target, where it can be known. */

import { readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { OpenServers } from "../engine/servers.js";
import { type Check, sizesOf } from "./context.js";
import { found } from "./finding.js";
import { size } from "./size.js";

export const diskSpace: Check = async ({ servers, catalog, targetFacts }) => {
  const sizes = sizesOf(catalog);
  const needed = sizes.tables + sizes.indexes;
  const words = `about ${size(needed)} (tables ${size(sizes.tables)}, indexes ${size(sizes.indexes)})`;
  const directory = await targetDirectory(servers, Number(targetFacts.started));
  const free = directory === undefined ? undefined : await freeBytes(directory);
  if (free === undefined)
    return needed < NOTHING
      ? []
      : [
          found("info", "target", `the target will need ${words}, and room for its WAL`, {
            advice: "see that it has as much: its disk can't be seen from here",
          }),
        ];
  if (free >= needed) return [];
  return [
    // Half of it may be room that the source's tables and indexes have grown and no longer use.
    found(
      free < needed / 2 ? "error" : "warning",
      "target",
      `the target needs ${words}; its disk has ${size(free)} free`,
      { items: [directory as string], advice: "make room on it, or give it a larger disk" },
    ),
  ];
};

/** Less than this finds room on any disk. */
const NOTHING = 1024 ** 3;

const directoryQuery = `
select s.setting as directory from pg_catalog.pg_settings s where s.name = 'data_directory'`;

/** The target's data directory, if it is known to be on this machine. */
async function targetDirectory(
  { target, targetEndpoint }: OpenServers,
  started: number,
): Promise<string | undefined> {
  if (targetEndpoint.directory !== undefined) return targetEndpoint.directory;
  if (!/^(\/|localhost$|127\.|::1$)/.test(target.host)) return undefined;
  const [row] = await target.query<{ directory: string | null }>(
    "looking up the target's data directory",
    directoryQuery,
  );
  if (row?.directory == null) return undefined;
  return (await startedAt(row.directory, started)) ? row.directory : undefined;
}

/**
 * Whether a server that was started then runs on a directory of this machine: behind a forwarded port
 * or in a container the same path may be another one here. postmaster.pid has the time in its third line.
 */
async function startedAt(directory: string, started: number): Promise<boolean> {
  const text = await readFile(join(directory, "postmaster.pid"), "utf8").catch(() => "");
  return Math.abs(Number(text.split("\n")[2]) - started) <= 2;
}

async function freeBytes(directory: string): Promise<number | undefined> {
  return await statfs(directory).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => undefined,
  );
}
