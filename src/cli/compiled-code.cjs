// @ts-check
/**
 * The code that V8 compiled, kept in the user's cache directory for the next run. V8 itself refuses what
 * another version of it, or one with other flags, has written; of the source it knows the length only,
 * so the file's name has its hash. Whoever could write to the file could run code as the user: one that
 * is not the user's own, or that others may write to, is not read. Nothing here ever fails a command.
 */
"use strict";

const { createHash } = require("node:crypto");
const fs = require("node:fs");
const { join } = require("node:path");

/**
 * @typedef {object} Compiled
 * @property {string | undefined} file where it is, or would be; undefined where none is to be kept
 * @property {Buffer | undefined} code
 * @typedef {Readonly<Record<string, string | undefined>>} Environment
 */

/**
 * @param {string} source
 * @param {Environment} environment
 * @returns {Compiled}
 */
function readCompiled(source, environment) {
  const directory = cacheDirectory(environment);
  if (directory === undefined) return { file: undefined, code: undefined };
  const hash = createHash("sha256").update(source).digest("hex").slice(0, 32);
  const file = join(directory, `${process.version}-${process.arch}-${hash}.bin`);
  return { file, code: readOwn(file) };
}

/**
 * Other bundles' code for the same Node.js goes: what an update leaves behind.
 *
 * @param {Compiled} compiled
 * @param {() => Buffer} compile
 */
function writeCompiled({ file }, compile) {
  if (file === undefined) return;
  const directory = join(file, "..");
  const partial = `${file}.${process.pid}`;
  try {
    // Under sudo the variables may be another user's, who could then not write there any more.
    if (!isOwnersPlace(join(directory, ".."))) return;
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    fs.writeFileSync(partial, compile(), { mode: 0o600 });
    fs.renameSync(partial, file);
    for (const name of fs.readdirSync(directory)) {
      const other = join(directory, name);
      const isOld = name.startsWith(`${process.version}-`) && name.endsWith(".bin");
      if (isOld && other !== file) fs.rmSync(other, { force: true });
    }
  } catch {
    // A full or read-only disk: the next run compiles again.
    removeQuietly(partial);
  }
}

/** @param {string} file */
function removeQuietly(file) {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // Nor can it be removed.
  }
}

/**
 * Whether the nearest folder that is there is the user's own: a new user has no ~/.cache yet.
 *
 * @param {string} directory
 * @returns {boolean}
 */
function isOwnersPlace(directory) {
  const found = fs.statSync(directory, { throwIfNoEntry: false });
  if (found !== undefined)
    return (
      process.getuid === undefined || (found.uid === process.getuid() && !(found.mode & 0o002))
    );
  return isOwnersPlace(join(directory, ".."));
}

/**
 * @param {Environment} environment
 * @returns {string | undefined}
 */
function cacheDirectory(environment) {
  // Node.js' own variable for its own cache, which came with version 22.
  if (environment.NODE_DISABLE_COMPILE_CACHE) return undefined;
  const { XDG_CACHE_HOME, HOME, LOCALAPPDATA } = environment;
  if (process.platform === "win32") return LOCALAPPDATA && join(LOCALAPPDATA, "pgcopy");
  if (XDG_CACHE_HOME?.startsWith("/")) return join(XDG_CACHE_HOME, "pgcopy");
  if (!HOME?.startsWith("/")) return undefined;
  return join(HOME, process.platform === "darwin" ? "Library/Caches" : ".cache", "pgcopy");
}

/**
 * @param {string} file
 * @returns {Buffer | undefined}
 */
function readOwn(file) {
  try {
    const descriptor = fs.openSync(file, "r");
    try {
      return isOwn(fs.fstatSync(descriptor)) ? fs.readFileSync(descriptor) : undefined;
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

/** @param {fs.Stats} found */
function isOwn({ uid, mode }) {
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
}

module.exports = { readCompiled, writeCompiled };
