/**
 * The files of a journal that is kept in a directory. The plan in it is SQL that will be run as us, so
 * neither the directory nor a file may be another user's, or written by one.
 */

import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { PgCopyError } from "../errors.js";

/** One line for each transaction. */
const LINES = "journal.jsonl";
const PLAN = "plan.bin";
const PARTIAL_PLAN = "plan.bin.partial";
const ours: ReadonlySet<string> = new Set([LINES, PLAN, PARTIAL_PLAN]);

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_RDONLY, O_WRONLY } = constants;

/**
 * Makes the directory, if it isn't there, and looks whether a journal may be in it.
 *
 * @throws PgCopyError `usage` if it is no directory of ours alone, or holds other files.
 */
export async function prepareDirectory(directory: string): Promise<void> {
  const names = await asUsage(directory, async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    refuseForeign(directory, await stat(directory));
    return await readdir(directory);
  });
  const others = names.filter((name) => !ours.has(name));
  if (others.length === 0) return;
  throw unfit(directory, `the journal's directory ${directory} holds other files`, {
    items: others.slice(0, 10),
  });
}

/** The lines so far; undefined where there is no journal. */
export async function readLines(directory: string): Promise<string | undefined> {
  return (await readOurs(directory, LINES))?.toString("utf8");
}

/** Begins the file of lines. Only one of two processes can. */
export async function createLines(directory: string, text: string): Promise<void> {
  await writeOurs(directory, LINES, O_CREAT | O_EXCL, text);
  await syncDirectory(directory);
}

/** @param sync whether it is to be on the disk before this returns. */
export async function appendLines(directory: string, text: string, sync: boolean): Promise<void> {
  await writeOurs(directory, LINES, O_APPEND, text, sync);
}

/** Writes the plan whole, or not at all. */
export async function writePlan(directory: string, plan: Buffer): Promise<void> {
  await rm(join(directory, PARTIAL_PLAN), { force: true });
  await writeOurs(directory, PARTIAL_PLAN, O_CREAT | O_EXCL, plan);
  await rename(join(directory, PARTIAL_PLAN), join(directory, PLAN));
  await syncDirectory(directory);
}

/** @throws PgCopyError `usage` if it isn't there. */
export async function readPlanFile(directory: string): Promise<Buffer> {
  const plan = await readOurs(directory, PLAN);
  if (plan === undefined) throw unfit(directory, `${join(directory, PLAN)} is missing`);
  return plan;
}

/** Removes the journal: its lines first, without which the plan is none. */
export async function removeJournal(directory: string): Promise<void> {
  await asFailure(directory, async () => {
    for (const name of [LINES, PLAN, PARTIAL_PLAN])
      await rm(join(directory, name), { force: true });
    await syncDirectory(directory);
  });
}

async function writeOurs(
  directory: string,
  name: string,
  flags: number,
  data: string | Buffer,
  sync = true,
): Promise<void> {
  const path = join(directory, name);
  await asFailure(path, async () => {
    await using file = await open(path, O_WRONLY | O_NOFOLLOW | flags, 0o600);
    refuseForeign(path, await file.stat());
    const bytes = Buffer.from(data);
    // Lines go in one write each, lest those of two threads mingle; a plan is longer than one may be.
    for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
    if (sync) await file.datasync();
  });
}

async function readOurs(directory: string, name: string): Promise<Buffer | undefined> {
  const path = join(directory, name);
  return await asUsage(path, async () => {
    const file = await openOrNot(path);
    if (file === undefined) return undefined;
    await using opened = file;
    refuseForeign(path, await opened.stat());
    return await opened.readFile();
  });
}

async function openOrNot(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, O_RDONLY | O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** So that the file's name, too, is there after a crash of this machine; not every system can. */
async function syncDirectory(directory: string): Promise<void> {
  const opened = await open(directory, O_RDONLY).catch(() => undefined);
  await opened?.sync().catch(() => {});
  await opened?.close();
}

interface Owned {
  readonly uid: number;
  readonly mode: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** Windows knows neither. */
function refuseForeign(path: string, found: Owned): void {
  const uid = process.getuid?.();
  if (!found.isFile() && !found.isDirectory()) throw unfit(path, `${path} is no file`);
  if (uid === undefined) return;
  if (found.uid !== uid) throw unfit(path, `${path} belongs to another user`);
  if ((found.mode & 0o022) !== 0) throw unfit(path, `others may write ${path}`);
}

function unfit(
  path: string,
  message: string,
  fields: { readonly items?: readonly string[]; readonly cause?: unknown } = {},
): PgCopyError {
  return new PgCopyError(message, {
    code: "usage",
    attempted: path,
    options: ["dir"],
    advice:
      "a journal's plan is run as it stands: give a directory that only you can write, and that holds nothing else; one that doesn't exist is made",
    ...fields,
  });
}

async function asUsage<T>(path: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof PgCopyError) throw error;
    throw unfit(path, `the journal can't be kept in ${path}: ${wordsOf(error)}`, { cause: error });
  }
}

async function asFailure<T>(path: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof PgCopyError) throw error;
    throw new PgCopyError(`writing the journal failed: ${wordsOf(error)}`, {
      code: "task_failed",
      attempted: `writing ${path}`,
      options: ["dir"],
      cause: error,
    });
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
