/** Who may read what pgcopy writes: its owner, whatever the umask says. */

import { chmod, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Ended, runCli } from "./support/cli.js";
import { createDatabase, server } from "./support/servers.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgc-"));
  // Started by root, PostgreSQL runs as another user, who has to be able to pass through.
  await chmod(folder, 0o711);
});

afterEach(() => rm(folder, { recursive: true }));

/** A child process inherits it. */
async function underUmask(mask: number, run: () => Promise<Ended>): Promise<Ended> {
  const before = process.umask(mask);
  try {
    return await run();
  } finally {
    process.umask(before);
  }
}

/** What is below the folder, each with its mode in octal digits. */
async function modes(): Promise<Map<string, string>> {
  const names = await readdir(folder, { recursive: true });
  const found = await Promise.all(
    names.map(async (name): Promise<[string, string]> => {
      const { mode } = await stat(join(folder, name));
      return [name, (mode & 0o777).toString(8)];
    }),
  );
  return new Map(found);
}

describe.skipIf(process.platform === "win32").each([0o000, 0o077])("with umask %o", (mask) => {
  test("the report, compiled code and a new data directory are their owner's alone", async () => {
    await using source = await createDatabase(server(18), "modes");
    await source.execute("create table t as select 1 as one");
    const above = mask === 0 ? "above/" : "";
    const ended = await underUmask(mask, () =>
      runCli(
        [
          ...["clone", source.uri, `pgdata:${folder}/${above}data?dbname=copied`],
          ...["--pg-dump", "bundled", "--report", join(folder, "page.html")],
        ],
        { XDG_CACHE_HOME: join(folder, "cache"), TMPDIR: folder, HOME: folder },
      ),
    );
    expect(ended).toMatchObject({ exitCode: 0 });
    const found = await modes();
    if (mask === 0) expect(found.get("above")).toBe("755");
    found.delete("above");
    expect(found.get("page.html")).toBe("600");
    expect(found.get(`${above}data`)).toBe("700");
    expect([...found.keys()].filter((name) => name.startsWith("cache/pgcopy/"))).not.toEqual([]);
    const open = [...found].filter(([, mode]) => !/^[67]00$/.test(mode));
    expect(open.filter(([name]) => name !== "cache")).toEqual([]);
  });

  test("a report keeps the mode that somebody gave it", async () => {
    await using source = await createDatabase(server(18), "modes");
    const page = join(folder, "page.html");
    const report = () =>
      underUmask(mask, () =>
        runCli(["clone", source.uri, "null:", "--pg-dump", "bundled", "--report", page]),
      );
    expect(await report()).toMatchObject({ exitCode: 0 });
    expect((await stat(page)).mode & 0o777).toBe(0o600);
    await chmod(page, 0o644);
    expect(await report()).toMatchObject({ exitCode: 0 });
    expect((await stat(page)).mode & 0o777).toBe(0o644);
  });
});
