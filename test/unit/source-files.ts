/** The project's own source text, for tests of its structure. */

import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";

const sources = new URL("../../src/", import.meta.url);

/** Paths below src/, with slashes. */
export const sourceFiles: readonly string[] = readdirSync(sources, { recursive: true })
  .map((path) => String(path).replaceAll("\\", "/"))
  .filter((path) => /\.(ts|js)$/.test(path))
  .sort();

export function sourceOf(path: string): string {
  return readFileSync(new URL(path, sources), "utf8");
}

/** A source without its comments, so that what it says is not taken for what it does. */
export function codeOf(path: string): string {
  const tokens =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g;
  return sourceOf(path).replace(tokens, (token) => (token.startsWith("/") ? " " : token));
}

export interface Import {
  /** A file of src/ by its path below it; else as it is written. */
  readonly of: string;
  /** Whether nothing of it is left when the types are gone. */
  readonly typeOnly: boolean;
}

/** What a file imports, exports from, or loads as a worker. */
export function importsOf(path: string): Import[] {
  const code = codeOf(path);
  const statements = code.matchAll(
    /^(?:import|export) (type )?(?:[^;"'`]*? from )?["']([^"'\n]+)["'];/gm,
  );
  const calls = code.matchAll(
    /\bimport\(\s*["']([^"'\n]+)["']|\bnew URL\(\s*["'](\.[^"'\n]+)["']/g,
  );
  return [
    ...[...statements].map(([, type, specifier = ""]) => ({
      of: resolved(path, specifier),
      typeOnly: type !== undefined,
    })),
    ...[...calls].map(([, imported, loaded]) => ({
      of: resolved(path, imported ?? loaded ?? ""),
      typeOnly: false,
    })),
  ];
}

function resolved(from: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  const target = posix.join(posix.dirname(from), specifier);
  const written = target.replace(/\.js$/, ".ts");
  return sourceFiles.includes(written) ? written : target;
}
