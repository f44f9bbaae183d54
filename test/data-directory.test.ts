import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFile,
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PgCopyError } from "../src/errors.js";
import {
  type RunningServer,
  type StartOptions,
  startDataDirectory,
} from "../src/pgdata/data-directory.js";
import { embeddedServerBinaries } from "../src/pgdata/server-binaries.js";
import { newDirectoryOwner } from "../src/pgdata/server-owner.js";
import { connect } from "../src/postgres/connect.js";

const asRoot = process.getuid?.() === 0;
/** Each test's directories are in here; the servers' temporary ones in `scratch`. */
let base: string;
let scratch: string;
/** An initialised directory of version 16, to copy. */
let prepared: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "pgcopy-data-"));
  scratch = join(base, "tmp");
  await mkdir(scratch);
  await Promise.all([base, scratch].map((directory) => chmod(directory, 0o755)));
  prepared = join(base, "prepared");
  const binaries = (await embeddedServerBinaries(16))!;
  await (await start(prepared, { mayInitialise: true, side: "target", binaries })).stop();
});

afterAll(async () => {
  await rm(base, { recursive: true, force: true });
});

function start(directory: string, options: Partial<StartOptions> = {}): Promise<RunningServer> {
  return startDataDirectory(
    { kind: "pgdata", directory, database: "postgres" },
    {
      side: "source",
      mayInitialise: false,
      environment: { PATH: process.env.PATH, TMPDIR: scratch, PGDATA: "/nowhere", LANG: "de_DE" },
      signal: new AbortController().signal,
      ...options,
    },
  );
}

/** The error of a start that must fail; it must leave no temporary files. */
async function refusal(
  directory: string,
  options: Partial<StartOptions> = {},
): Promise<PgCopyError> {
  const before = await readdir(scratch);
  const error = await start(directory, options).then(
    async (server) => {
      await server.stop();
      throw new Error("it started");
    },
    (error: PgCopyError) => error,
  );
  expect(error.name, error.message).toBe("PgCopyError");
  expect(await readdir(scratch)).toEqual(before);
  return error;
}

let copies = 0;

/** A copy of the prepared directory, owners and all. */
async function preparedCopy(): Promise<string> {
  const directory = join(base, `copy-${++copies}`);
  await promisify(execFile)("cp", ["-a", prepared, directory]);
  return directory;
}

async function query(server: RunningServer, sql: string): Promise<Record<string, unknown>[]> {
  const signal = new AbortController().signal;
  await using connection = await connect(server.endpoint, {
    side: "source",
    purpose: "test",
    signal,
  });
  return await connection.query("query", sql);
}

/** How many processes, besides this one, were started with a text in their environment (Linux). */
async function processesThatKnow(secret: string): Promise<number> {
  const ids = (await readdir("/proc")).filter((name) => Number(name) > 0);
  const environments = await Promise.all(
    ids
      .filter((id) => Number(id) !== process.pid)
      .map((id) => readFile(`/proc/${id}/environ`, "latin1").catch(() => "")),
  );
  return environments.filter((environment) => environment.includes(secret)).length;
}

describe("a directory that does not exist", () => {
  test("is initialised as a target, stopped cleanly, and keeps its data", async () => {
    const directory = join(base, "new", "below", "data");
    await using first = await start(directory, { mayInitialise: true, side: "target" });
    expect(first.initialised).toBe(true);
    await query(first, "create table public.t as select 7 as n");
    expect(await query(first, "show server_encoding")).toEqual([{ server_encoding: "UTF8" }]);
    expect(await query(first, "show listen_addresses")).toEqual([{ listen_addresses: "" }]);
    await Promise.all([first.stop(), first.stop()]);

    expect(() => process.kill(first.processId, 0)).toThrow("ESRCH");
    expect(await readdir(directory)).not.toContain("postmaster.pid");
    expect(await readdir(scratch)).toEqual([]);
    const { uid, mode } = await stat(directory);
    expect(uid).toBe((await newDirectoryOwner())?.uid ?? process.getuid?.());
    expect(mode & 0o777).toBe(0o700);

    await using second = await start(directory);
    expect(second.initialised).toBe(false);
    expect(second.log().join("\n")).toMatch(/database system was shut down at/);
    expect(second.log().join("\n")).not.toMatch(/recovery|interrupted/);
    expect(await query(second, "select n from public.t")).toEqual([{ n: 7 }]);
  });

  // Root sees everybody's environment, and an ordinary user's servers run as that user.
  test.runIf(process.platform === "linux")("is served without our own environment", async () => {
    const secret = `secret-${process.pid}`;
    process.env.PGPASSWORD = secret;
    try {
      const known = spawn("sleep", ["60"]);
      expect(await processesThatKnow(secret)).toBe(1);
      known.kill();
      await once(known, "close");
      await using server = await start(join(base, "unknowing"), {
        mayInitialise: true,
        side: "target",
      });
      expect(await query(server, "select 1 as one")).toEqual([{ one: 1 }]);
      expect(await processesThatKnow(secret)).toBe(0);
    } finally {
      delete process.env.PGPASSWORD;
    }
  });

  test("is refused as a source", async () => {
    const error = await refusal(join(base, "missing"));
    expect(error.code).toBe("usage");
    expect(error.message).toBe(`the source directory ${join(base, "missing")} does not exist`);
  });

  test("is not there afterwards if initdb fails", async () => {
    const directory = join(base, "unmade", "data");
    const options = { side: "target", mayInitialise: true } as const;
    const error = await startDataDirectory(
      { kind: "pgdata", directory, database: "postgres", user: "pg_reserved" },
      { ...options, environment: { TMPDIR: scratch }, signal: new AbortController().signal },
    ).catch((error: PgCopyError) => error);
    expect(error).toMatchObject({ code: "target_unfit" });
    expect((error as PgCopyError).items.join("\n")).toMatch(
      /superuser name "pg_reserved" is disallowed/,
    );
    await expect(stat(dirname(directory))).rejects.toThrow("ENOENT");
    expect(await readdir(scratch)).toEqual([]);
  });

  test("is not there afterwards if the start is interrupted", async () => {
    const directory = join(base, "interrupted");
    const controller = new AbortController();
    const starting = refusal(directory, {
      side: "target",
      mayInitialise: true,
      signal: controller.signal,
    });
    await untilSomethingIn(directory);
    controller.abort();
    expect((await starting).code).toBe("interrupted");
    await expect(stat(directory)).rejects.toThrow("ENOENT");
  });
});

/** Resolves when initdb has begun to write. */
async function untilSomethingIn(directory: string): Promise<void> {
  while ((await readdir(directory).catch(() => [])).length === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a directory with a server's data", () => {
  test("is refused with the process id of the server that runs on it", async () => {
    const directory = await preparedCopy();
    await using running = await start(directory);
    const error = await refusal(directory, { side: "target" });
    expect(error.code).toBe("target_unfit");
    expect(error.message).toBe(
      `a server is running on the target directory ${directory} (process ${running.processId})`,
    );
    expect(await query(running, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("starts in spite of a postmaster.pid that a crash left", async () => {
    const directory = await preparedCopy();
    const crashed = await start(directory);
    process.kill(crashed.processId, "SIGKILL");
    await crashed.stop();
    expect(await readdir(directory)).toContain("postmaster.pid");
    await using server = await start(directory);
    expect(server.log().join("\n")).toMatch(/automatic recovery in progress/);
    expect(await query(server, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("gets a private server, whatever its configuration says", async () => {
    const directory = await preparedCopy();
    await appendFile(
      join(directory, "postgresql.conf"),
      `
        listen_addresses = '*'
        ssl = on
        data_directory = '/nowhere'
        unix_socket_directories = '/nowhere'
        synchronous_standby_names = '*'
        logging_collector = on
        log_destination = 'csvlog'
        log_line_prefix = '%m [%p] '
      `,
    );
    await writeFile(join(directory, "pg_hba.conf"), "local all all reject\n");
    await using server = await start(directory, { settings: { max_connections: "33" } });
    expect(server.version).toMatch(/^16\./);
    await query(server, "create table public.committed_without_a_standby ()");
    const [shown] = await query(
      server,
      `select current_setting('listen_addresses') as addresses,
         current_setting('max_connections') as connections,
         current_setting('unix_socket_directories') as sockets`,
    );
    const socketDirectory = server.endpoint.hosts[0]!.host;
    expect(shown).toEqual({ addresses: "", connections: "33", sockets: socketDirectory });
    expect((await stat(socketDirectory)).mode & 0o777).toBe(0o700);
    expect(await readdir(directory)).not.toContain("log");
  });

  test("starts without configuration files of its own, as Debian's have none", async () => {
    const directory = await preparedCopy();
    for (const file of ["postgresql.conf", "pg_hba.conf", "pg_ident.conf"]) {
      await rm(join(directory, file));
    }
    await using server = await start(directory);
    expect(await query(server, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("of another major version is started with that version's programs", async () => {
    const directory = join(base, "thirteen");
    const binaries = (await embeddedServerBinaries(13))!;
    await (await start(directory, { mayInitialise: true, side: "target", binaries })).stop();
    await using server = await start(directory, { environment: { TMPDIR: scratch } });
    expect(server.version).toMatch(/^13\./);
    expect(await query(server, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("uses /tmp when TMPDIR is too long for a socket's path", async () => {
    const directory = await preparedCopy();
    const long = join(base, "l".repeat(90));
    await mkdir(long);
    await using server = await start(directory, { environment: { TMPDIR: long } });
    expect(server.endpoint.hosts[0]?.host).toMatch(/^\/tmp\/pgcopy-/);
    expect(await query(server, "select 1 as one")).toEqual([{ one: 1 }]);
    expect(await readdir(long)).toEqual([]);
  });
});

describe("a directory that can't be used", () => {
  test.each(["source", "target"] as const)("as a %s because it is another one", async (side) => {
    const directory = join(base, `other-${side}`);
    await mkdir(directory);
    await writeFile(join(directory, "precious"), "text");
    const error = await refusal(directory, { side, mayInitialise: side === "target" });
    expect(error.code).toBe("usage");
    expect(error.message).toBe(
      `the ${side} directory ${directory} is not a PostgreSQL data directory`,
    );
    expect(await readdir(directory)).toEqual(["precious"]);
  });

  test("because it is a file", async () => {
    const file = join(base, "file");
    await writeFile(file, "text");
    const error = await refusal(file, { side: "target", mayInitialise: true });
    expect(error.message).toBe(`the target directory ${file} is not a PostgreSQL data directory`);
  });

  test.each(["standby.signal", "recovery.signal"])("because of %s", async (signalFile) => {
    const directory = await preparedCopy();
    await writeFile(join(directory, signalFile), "");
    const error = await refusal(directory, { side: "target" });
    expect(error.code).toBe("target_unfit");
    expect(error.message).toMatch(`in recovery (it holds ${signalFile})`);
  });

  test("because there are no programs of its version", async () => {
    const directory = await preparedCopy();
    await writeFile(join(directory, "PG_VERSION"), "9.6\n");
    const error = await refusal(directory);
    expect(error.code).toBe("source_unfit");
    expect(error.message).toMatch(/^no PostgreSQL 9 server programs/);
  });

  test("because its server does not start: the error shows its log", async () => {
    const directory = await preparedCopy();
    await appendFile(join(directory, "postgresql.conf"), "no_such_parameter = 1\n");
    const error = await refusal(directory);
    expect(error.code).toBe("source_unfit");
    expect(error.message).toMatch(/^can't start a server on the source directory .*: FATAL: /);
    expect(error.items.join("\n")).toMatch(
      /unrecognized configuration parameter "no_such_parameter"/,
    );
  });
});

describe.runIf(asRoot)("as root", () => {
  test("a directory of root's is refused", async () => {
    const directory = await preparedCopy();
    await chown(directory, 0, 0);
    const error = await refusal(directory);
    expect(error.code).toBe("source_unfit");
    expect(error.message).toMatch(/belongs to root, and PostgreSQL does not run as root/);
  });

  test("a directory below one that only root can enter is refused, and which that is said", async () => {
    const closed = join(base, "closed");
    await mkdir(closed, { mode: 0o700 });
    const error = await refusal(join(closed, "data"), { side: "target", mayInitialise: true });
    expect(error.code).toBe("target_unfit");
    expect(error.message).toMatch(new RegExp(`which can't enter ${closed}$`));
    expect(await readdir(closed)).toEqual([]);
  });

  test("the programs of an npm package that only root can reach are run from a copy", async () => {
    const binaries = (await embeddedServerBinaries(16))!;
    const closed = join(base, "checkout");
    await mkdir(closed, { mode: 0o700 });
    const nativeFolder = join(closed, "native");
    await cp(binaries.nativeFolder!, nativeFolder, { recursive: true, verbatimSymlinks: true });
    const program = (name: string) => join(nativeFolder, "bin", name);
    await using server = await start(await preparedCopy(), {
      binaries: {
        ...binaries,
        nativeFolder,
        postgres: program("postgres"),
        initdb: program("initdb"),
      },
    });
    expect(await query(server, "select 1 as one")).toEqual([{ one: 1 }]);
  });
});
