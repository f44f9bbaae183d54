#!/usr/bin/env node
// @ts-check
/**
 * Starts the command line. Its 250 modules and those of its packages are one file, bundle.cjs, which V8
 * runs with the code that it compiled in an earlier run (compiled-code.cjs): found, read and compiled one
 * by one, they took longer than copying a small database. Where there is no bundle, they are loaded.
 */
"use strict";

const { readFileSync } = require("node:fs");
const { setFlagsFromString } = require("node:v8");
const { join } = require("node:path");
const { Script } = require("node:vm");
const { readCompiled, writeCompiled } = require("./compiled-code.cjs");

// The SQL parser and the bundled pg_dump are WebAssembly that runs for a fraction of a second. V8's
// baseline compiler is all that they need: optimizing them took longer than parsing, and 30 MB. Compiled
// code is good for the flags only with which it was compiled, so this comes before any is read.
setFlagsFromString("--liftoff-only");

const file = join(__dirname, "bundle.cjs");

/** @returns {string | undefined} */
function readBundle() {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

// Node.js 21 brought it. Where it is missing, pg finds out by a Response whether it runs on Cloudflare,
// and the first use of that global loads all of fetch: 20 ms.
if (!("navigator" in globalThis)) {
  Object.defineProperty(globalThis, "navigator", {
    value: { userAgent: `Node.js/${process.versions.node.split(".")[0]}` },
    configurable: true,
  });
}

const bundle = readBundle();
if (bundle === undefined) void import("./main.js");
else run(bundle);

/** @param {string} source */
function run(source) {
  const compiled = readCompiled(source, process.env);
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) {${source}\n})`,
    {
      filename: file,
      ...(compiled.code === undefined ? {} : { cachedData: compiled.code }),
    },
  );
  const isMissing = compiled.code === undefined || script.cachedDataRejected === true;
  // A clone needs most of the program, so that what it had compiled at its end serves all commands.
  const isClone = process.argv[2] === "clone" && !/^(-h|--help)$/m.test(process.argv.join("\n"));
  if (isMissing && compiled.file !== undefined && isClone) {
    process.once("exit", (status) => {
      if (status === 0) writeCompiled(compiled, () => script.createCachedData());
    });
  }
  script.runInThisContext()({}, require, { exports: {} }, file, __dirname);
}
