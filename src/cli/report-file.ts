/**
 * --report FILE.html: the page of a run, however it ended. That the file can be written is found out
 * before the run; what is in it stays until the new page is complete.
 */

import { randomBytes } from "node:crypto";
import { open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { asPgCopyError, PgCopyError } from "../errors.js";
import type { RunEvent } from "../events.js";
import { writeJson } from "./json.js";
import { type CloneReport, loadLibrary } from "./library.js";
import type { Output } from "./output.js";
import type { ViewOptions } from "./view.js";

export interface ReportFlags extends ViewOptions {
  readonly report?: string;
}

export interface PageWriter {
  /** To be told every event of the run. */
  readonly observe: (event: RunEvent) => void;
  finished(report: CloneReport): Promise<void>;
  /** Never throws: why the run failed is what counts. */
  failed(thrown: unknown): Promise<void>;
}

/**
 * Makes sure that the file can be written.
 *
 * @returns undefined without --report.
 * @throws PgCopyError `usage`
 */
export async function openReport(
  output: Output,
  flags: ReportFlags,
): Promise<PageWriter | undefined> {
  const { report: path } = flags;
  if (path === undefined) return undefined;
  const file = await writableFile(path);
  const { RunRecorder, reportPage } = await loadLibrary();
  const recorder = new RunRecorder();
  const write = async (page: string) => {
    const failure = await replaceFile(file, page).then(
      () => undefined,
      (error: Error) => error,
    );
    say(output, flags, { path, failure, atMs: recorder.record().durationMs });
  };
  return {
    observe: recorder.observe,
    finished: async (report) => await write(reportPage(report)),
    failed: async (thrown) => {
      // Nothing had begun that a page could tell of.
      if (recorder.hasBegun) await write(reportPage(recorder.failed(asPgCopyError(thrown))));
    },
  };
}

interface Written {
  readonly path: string;
  readonly failure: Error | undefined;
  readonly atMs: number;
}

/** A copy that went well is not failed by a full disk beside it, but nobody must miss that. */
function say(
  { stdout, stderr }: Output,
  { json, quiet }: ViewOptions,
  { path, failure, atMs }: Written,
): void {
  if (failure === undefined) {
    if (json !== true && quiet !== true) stderr.write(`report written to ${path}\n`);
    return;
  }
  const message = words(path, failure);
  if (json === true) writeJson(stdout, { type: "notice", atMs, level: "warning", message });
  else stderr.write(`pgcopy: warning: ${message}\n`);
}

/** The real file, so that a link stays one. */
async function writableFile(path: string): Promise<string> {
  if (path.trim() === "") throw wrongFile("--report names no file");
  const file = await realpath(path).catch(() => resolve(path));
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined && !found.isFile())
    throw wrongFile(`can't write the report to ${path}: it is no regular file`);
  const probe = besideIt(file);
  try {
    await (await open(probe, "wx", OWNERS_ONLY)).close();
    await rm(probe);
  } catch (error) {
    throw wrongFile(words(path, error as Error));
  }
  return file;
}

/** The names of a database's tables, and what a server says of its rows, are not for everybody. */
const OWNERS_ONLY = 0o600;

/**
 * Whoever reads the file meanwhile sees the old page or the new one, and never half of one. A page that
 * somebody has opened to others stays open.
 */
async function replaceFile(file: string, page: string): Promise<void> {
  const whole = besideIt(file);
  const mode = await stat(file).then(
    (found) => found.mode & 0o777,
    () => OWNERS_ONLY,
  );
  try {
    const handle = await open(whole, "wx", OWNERS_ONLY);
    try {
      await handle.writeFile(page);
      if (mode !== OWNERS_ONLY) await handle.chmod(mode);
    } finally {
      await handle.close();
    }
    await rename(whole, file);
  } catch (error) {
    await rm(whole, { force: true }).catch(() => {});
    throw error;
  }
}

function besideIt(file: string): string {
  return join(dirname(file), `.${basename(file)}.${randomBytes(4).toString("hex")}.tmp`);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "its directory does not exist",
  ENOTDIR: "its directory is a file",
  EACCES: "its directory may not be written to",
  EPERM: "its directory may not be written to",
  EROFS: "its file system is read-only",
  ENOSPC: "no space is left",
  ENAMETOOLONG: "its name is too long",
};

function words(path: string, error: NodeJS.ErrnoException): string {
  return `can't write the report to ${path}: ${reasons[error.code ?? ""] ?? error.message}`;
}

function wrongFile(message: string): PgCopyError {
  return new PgCopyError(message, {
    code: "usage",
    advice: "give --report a file name in a directory that exists and may be written to",
  });
}
