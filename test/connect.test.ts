/** Connecting, and every way in which it fails, on real servers. */

import { chmod, chown, copyFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Environment, ServerEndpoint } from "../src/endpoint/endpoint.js";
import { parseEndpoint } from "../src/endpoint/parse-endpoint.js";
import { PgCopyError } from "../src/errors.js";
import { connect } from "../src/postgres/connect.js";
import type { Connection, ConnectOptions } from "../src/postgres/connection.js";
import { ConnectionPool } from "../src/postgres/connection-pool.js";
import { type LaunchedServer, launchServer } from "./support/launch-servers.js";
import { server, type TestServer, testServer, uniqueName } from "./support/servers.js";

const options: ConnectOptions = {
  side: "source",
  purpose: "test",
  signal: new AbortController().signal,
};

async function parse(text: string, environment: Environment = {}): Promise<ServerEndpoint> {
  const endpoint = await parseEndpoint(text, environment, "source");
  if (endpoint.kind !== "server") throw new Error("not a server");
  return endpoint;
}

async function connectTo(text: string, environment: Environment = {}): Promise<Connection> {
  return await connect(await parse(text, environment), options);
}

/** The error of a connection that must not come about. */
async function failure(text: string, environment: Environment = {}): Promise<PgCopyError> {
  const endpoint = await parse(text, environment);
  const outcome = await connect(endpoint, options).then(
    async (connection) => {
      await connection.close();
      return "connected";
    },
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(PgCopyError);
  const error = outcome as PgCopyError;
  expect(error).toMatchObject({ code: "connection_failed", side: "source" });
  expect(error.advice).toBeTruthy();
  if (endpoint.password)
    expect(`${JSON.stringify(error)} ${error.stack}`).not.toContain(endpoint.password);
  return error;
}

/** Accepts connections and does to each what `treat` says; speaks no PostgreSQL. */
async function listen(
  treat: (socket: Socket) => void,
): Promise<{ port: number; listener: Server }> {
  const listener = createServer(treat);
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  return { listener, port: typeof address === "object" && address ? address.port : 0 };
}

const closedPort = async (): Promise<number> => {
  const { port, listener } = await listen(() => {});
  await new Promise((resolve) => listener.close(resolve));
  return port;
};

describe("a server that can't be reached", () => {
  test("an unknown host", async () => {
    const error = await failure("postgres://u@no-such-host.invalid/d");
    expect(error.message).toMatch(
      /^can't connect to the source postgres:\/\/u@no-such-host\.invalid\/d: the host name "no-such-host\.invalid" (is not known|could not be looked up: the name server did not answer)$/,
    );
    expect(error.advice).toContain("check the spelling of the host name");
  });

  test("a refused connection", async () => {
    const port = await closedPort();
    const error = await failure(`postgres://u:secret@127.0.0.1:${port}/d`);
    expect(error.message).toBe(
      `can't connect to the source postgres://u@127.0.0.1:${port}/d: connection refused: no server listens on 127.0.0.1:${port}`,
    );
    expect(error.advice).toContain("check that the server runs");
    expect(error.retrySafe).toBe(true);
    expect(error.server).toBeUndefined();
  });

  test("a unix socket that does not exist", async () => {
    const error = await failure("host=/nowhere port=6000 user=u");
    expect(error.message).toContain("no server listens on the unix socket /nowhere/.s.PGSQL.6000");
  });

  test("one that never answers", async () => {
    const { port, listener } = await listen(() => {});
    const endpoint = await parse(`postgres://u@127.0.0.1:${port}/d`);
    const error = await connect({ ...endpoint, connectTimeoutMs: 200 }, options).catch((e) => e);
    listener.close();
    expect(error.message).toMatch(/: no answer within 0.2 s$/);
    expect(error.advice).toContain("connect_timeout");
  });

  test.each(["disable", "prefer", "require"])("one that hangs up, sslmode=%s", async (mode) => {
    const { port, listener } = await listen((socket) => socket.destroy());
    const error = await failure(`postgres://u@127.0.0.1:${port}/d?sslmode=${mode}`);
    listener.close();
    expect(error.message).toContain("the server closed the connection before the session was open");
    expect(error.retrySafe).toBe(true);
  });

  test("an abort ends the attempt", async () => {
    const { port, listener } = await listen(() => {});
    const controller = new AbortController();
    const waiting = connect(await parse(`postgres://u@127.0.0.1:${port}/d`), {
      ...options,
      signal: controller.signal,
    });
    listener.once("connection", () => controller.abort());
    await expect(waiting).rejects.toMatchObject({ code: "interrupted" });
    listener.close();
  });
});

describe("a server that refuses us", () => {
  test("a wrong password", async () => {
    const { host, port } = server(16);
    const error = await failure(`postgres://postgres:wr0ng-secret@${host}:${port}/postgres`);
    expect(error.message).toContain(
      'password authentication failed for user "postgres" (SQLSTATE 28P01)',
    );
    expect(error).toMatchObject({ server: { sqlstate: "28P01" }, retrySafe: false });
    expect(error.advice).toContain("check the user and the password");
  });

  test("no password, where one is asked for", async () => {
    const { host, port } = server(16);
    const error = await failure(`postgres://postgres@${host}:${port}/postgres`);
    expect(error.message).toMatch(/: the server asks for a password, and none was given$/);
    expect(error.advice).toContain("PGPASSWORD");
    expect(error.items).toEqual([]);
  });

  test("no password, because others may read its file", async () => {
    const directory = await mkdtemp(join(tmpdir(), "pgcopy-connect-"));
    const file = join(directory, "passwords");
    await writeFile(file, `*:*:*:*:${server(16).password}`);
    await chmod(file, 0o644);
    const { host, port } = server(16);
    const error = await failure(`postgres://postgres@${host}:${port}`, { PGPASSFILE: file });
    expect(error.advice).toContain(`${file} is not used because others may read it`);
    await rm(directory, { recursive: true });
  });

  test("an unknown role", async () => {
    const address = server(16);
    const error = await failure(
      `postgres://nobody_here:x@${address.host}:${address.port}/postgres`,
    );
    expect(error.server?.sqlstate).toBe("28P01");
    const socket = await failure(
      `host=${address.socketDirectory} port=${address.port} user=nobody_here dbname=postgres`,
    );
    expect(socket.message).toContain('role "nobody_here" does not exist (SQLSTATE 28000)');
    expect(socket.advice).toContain("create the role");
  });

  test("an unknown database: the caller sees the SQLSTATE", async () => {
    const error = await failure(server(16).uri("no such database"));
    expect(error.message).toContain('database "no such database" does not exist (SQLSTATE 3D000)');
    expect(error.server?.sqlstate).toBe("3D000");
    expect(error.advice).toContain("check the name of the database");
  });

  test("an option that the server does not know", async () => {
    const error = await failure(`${server(16).uri()}?options=-c%20no_such_setting%3D1`);
    expect(error.message).toContain('unrecognized configuration parameter "no_such_setting"');
  });

  test("a role that may not log in, and one with no slot left", async () => {
    const address = server(16);
    const role = uniqueName("role");
    const admin = await connectTo(address.socketUri());
    await admin.execute("making roles", `create role ${role} nologin`);
    const text = `host=${address.socketDirectory} port=${address.port} user=${role} dbname=postgres`;
    expect((await failure(text)).advice).toBe("let it: alter role … login");
    await admin.execute("limiting", `alter role ${role} login connection limit 0`);
    const full = await failure(text);
    expect(full).toMatchObject({ server: { sqlstate: "53300" }, retrySafe: true });
    expect(full.advice).toContain("ask for fewer jobs");
    await admin.execute("dropping", `drop role ${role}`);
    await admin.close();
  });
});

describe("an open connection", () => {
  test("takes nothing from process.env or ~/.pgpass", async () => {
    const directory = await mkdtemp(join(tmpdir(), "pgcopy-connect-"));
    const file = join(directory, "passwords");
    const { host, port, password } = server(16);
    await writeFile(file, `*:*:*:*:${password.replaceAll(":", "\\:")}`, { mode: 0o600 });
    const environment = {
      PGOPTIONS: "-c work_mem=123MB",
      PGREPLICATION: "database",
      PGAPPNAME: "leaked",
      PGPASSWORD: password,
      PGPASSFILE: file,
      PGSSLMODE: "require",
      PGSSLNEGOTIATION: "direct",
      PGCLIENTENCODING: "latin1",
      PGDATABASE: "leaked",
      PGUSER: "leaked",
      PGHOST: "leaked.invalid",
      PGCONNECT_TIMEOUT: "1",
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    try {
      const error = await failure(`postgres://postgres@${host}:${port}/postgres`);
      expect(error.message).toContain("none was given");
      await using connection = await connectTo(server(16).uri());
      const [row] = await connection.query(
        "looking",
        "select current_setting('work_mem') as work_mem, current_setting('application_name') as name",
      );
      expect(row).toEqual({ work_mem: "4MB", name: "pgcopy test" });
    } finally {
      vi.unstubAllEnvs();
      await rm(directory, { recursive: true });
    }
  });

  test("has the endpoint's options", async () => {
    await using connection = await connectTo(`${server(16).uri()}?options=-c%20work_mem%3D5MB`);
    const [row] = await connection.query("looking", "show work_mem");
    expect(row).toEqual({ work_mem: "5MB" });
  });

  test("is found at the second address of a host, and then directly", async () => {
    const { port } = server(16);
    const text = server(16).uri().replace("127.0.0.1", "localhost");
    await using first = await connectTo(text);
    expect(first.host).toBe("localhost");
    expect(first.endpoint.hosts).toEqual([{ host: "localhost", port, address: "127.0.0.1" }]);
    expect(first.endpoint.tls.mode).toBe("disable");
    await using second = await connect(first.endpoint, options);
    expect(second.endpoint).toEqual(first.endpoint);
  });

  test("is cancelled on its own host", async () => {
    await using connection = await connectTo(server(16).uri().replace("127.0.0.1", "localhost"));
    const sleeping = connection.query("sleeping", "select pg_sleep(60)");
    // Asked for again until it arrives while the statement runs.
    const again = setInterval(() => void connection.cancel(), 50);
    await expect(sleeping).rejects.toMatchObject({ server: { sqlstate: "57014" } });
    clearInterval(again);
    expect(connection.usable).toBe(true);
  });
});

describe("several hosts", () => {
  const hosts = async (...places: string[]) => {
    const { password } = server(16);
    return `postgres://postgres:${encodeURIComponent(password)}@${places.join(",")}/postgres`;
  };
  const here = () => `127.0.0.1:${server(16).port}`;

  test("one that can't be reached, or hangs up, is passed over", async () => {
    const { port, listener } = await listen((socket) => socket.destroy());
    const refused = `127.0.0.1:${await closedPort()}`;
    await using connection = await connectTo(await hosts(refused, `127.0.0.1:${port}`, here()));
    listener.close();
    expect(connection.port).toBe(server(16).port);
  });

  test("if all fail, the one that got furthest is named, and all are listed", async () => {
    const port = await closedPort();
    const error = await failure(
      `postgres://postgres:wr0ng@127.0.0.1:${port},127.0.0.1:${server(16).port}/postgres`,
    );
    expect(error.message).toContain(`/postgres: 127.0.0.1:${server(16).port}: password auth`);
    expect(error.items).toHaveLength(2);
    expect(error.items[0]).toContain(`127.0.0.1:${port} with TLS: connection refused`);
  });

  test("after a wrong password no other host is tried", async () => {
    let asked = 0;
    const { port, listener } = await listen((socket) => {
      asked++;
      socket.destroy();
    });
    await failure(`postgres://postgres:wr0ng@${here()},127.0.0.1:${port}/postgres`);
    listener.close();
    expect(asked).toBe(0);
  });
});

describe.each([13, 18] as const)("target_session_attrs on PostgreSQL %i", (major) => {
  const uri = (attributes: string, more = "") =>
    `${server(major).uri()}?target_session_attrs=${attributes}${more}`;
  const readOnly = "&options=-c%20default_transaction_read_only%3Don";

  test.each([
    ["any", ""],
    ["any", readOnly],
    ["primary", ""],
    ["primary", readOnly],
    ["read-write", ""],
    ["read-only", readOnly],
    ["prefer-standby", ""],
  ])("%s %s fits", async (attributes, more) => {
    await using connection = await connectTo(uri(attributes, more));
    expect(connection.usable).toBe(true);
  });

  test.each([
    ["standby", "", "a primary"],
    ["read-only", "", "a primary"],
    ["read-write", readOnly, "a primary, but read-only"],
  ])("%s %s does not: the server is %s", async (attributes, more, what) => {
    const error = await failure(uri(attributes, more));
    expect(error.message).toContain(
      `the server is ${what}, and target_session_attrs=${attributes}`,
    );
    expect(error.advice).toContain("target_session_attrs");
  });
});

describe("TLS", () => {
  const fixture = (name: string) => fileURLToPath(new URL(`fixtures/tls/${name}`, import.meta.url));
  let launched: LaunchedServer;
  let tlsServer: TestServer;

  beforeAll(async () => {
    launched = await launchServer(18);
    tlsServer = testServer(launched.address);
    const admin = new pg.Client(tlsServer.socketUri());
    await admin.connect();
    const directory = (await admin.query("show data_directory")).rows[0].data_directory as string;
    const { uid, gid } = await stat(directory);
    for (const [from, to, mode] of [
      ["server.crt", "server.crt", 0o644],
      ["server.key", "server.key", 0o600],
      ["authority.crt", "authority.crt", 0o644],
    ] as const) {
      await copyFile(fixture(from), join(directory, to));
      await chmod(join(directory, to), mode);
      await chown(join(directory, to), uid, gid);
    }
    const rules = join(directory, "pg_hba.conf");
    const before = await readFile(rules, "utf8");
    const added = [
      "hostssl all tls_client all cert",
      "hostssl all tls_only all scram-sha-256",
      "hostnossl all plain_only all scram-sha-256",
      "hostssl all clear_text all password",
      "host all tls_client,tls_only,plain_only,clear_text all reject",
    ];
    await writeFile(rules, `${added.join("\n")}\n${before}`);
    await admin.query("create role tls_client login");
    for (const role of ["tls_only", "plain_only", "clear_text"]) {
      await admin.query(`create role ${role} login password 'secret'`);
    }
    await admin.query("alter system set ssl = on");
    await admin.query("alter system set ssl_ca_file = 'authority.crt'");
    await admin.query("select pg_reload_conf()");
    await admin.end();
    // A reload takes effect a moment later, and nothing tells when.
    await vi.waitFor(async () => expect(await usesTls(uri("require"))).toBe(true), 20_000);
  });

  afterAll(async () => {
    await launched[Symbol.asyncDispose]();
  });

  const uri = (mode: string, more = "", { user = "postgres", host = "localhost" } = {}) => {
    const password = user === "postgres" ? tlsServer.password : "secret";
    return `postgres://${user}:${encodeURIComponent(password)}@${host}:${tlsServer.port}/postgres?sslmode=${mode}${more}`;
  };
  const authority = `&sslrootcert=${fixture("authority.crt")}`;
  const stranger = `&sslrootcert=${fixture("stranger.crt")}`;

  async function usesTls(text: string): Promise<boolean> {
    await using connection = await connectTo(text);
    const [row] = await connection.query(
      "looking",
      "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
    );
    return row?.ssl === true;
  }

  test.each([
    ["disable", "", false],
    ["allow", "", false],
    ["prefer", "", true],
    ["prefer", authority, true],
    ["prefer", stranger, false],
    ["require", "", true],
    ["require", authority, true],
    ["verify-ca", authority, true],
    ["verify-full", authority, true],
    ["require", "&sslnegotiation=direct", true],
    ["require", "&sslsni=0&ssl_min_protocol_version=TLSv1.3", true],
    ["require", "&channel_binding=require", true],
  ])("sslmode=%s%s: TLS %s", async (mode, more, expected) => {
    expect(await usesTls(uri(mode, more))).toBe(expected);
  });

  test("verify-ca takes a certificate for another name, verify-full does not", async () => {
    const host = "127.0.0.1";
    expect(await usesTls(uri("verify-ca", authority, { host }))).toBe(true);
    const error = await failure(uri("verify-full", authority, { host }));
    expect(error.message).toContain("the server's certificate is not for 127.0.0.1");
    expect(error.advice).toContain("verify-ca");
    expect(await usesTls(uri("verify-full", `${authority}&hostaddr=${host}`))).toBe(true);
  });

  test.each(["require", "verify-ca", "verify-full"])(
    "sslmode=%s with another authority's certificate is refused",
    async (mode) => {
      const error = await failure(uri(mode, stranger));
      expect(error.message).toContain("the server's certificate is not trusted");
      expect(error.advice).toContain("sslrootcert");
      expect(error.retrySafe).toBe(false);
    },
  );

  test("a certificate of no public authority is refused with sslrootcert=system", async () => {
    const error = await failure(uri("verify-full", "&sslrootcert=system"));
    expect(error.message).toContain("is not trusted");
  });

  test("a server without TLS", async () => {
    expect(await usesTls(`${server(18).uri()}?sslmode=prefer`)).toBe(false);
    const error = await failure(`${server(18).uri()}?sslmode=require`);
    expect(error.message).toMatch(/: the server does not support TLS$/);
    expect(error.advice).toContain("sslmode=prefer");
  });

  test("allow and prefer change over where pg_hba.conf demands it", async () => {
    expect(await usesTls(uri("allow", "", { user: "tls_only" }))).toBe(true);
    expect(await usesTls(uri("prefer", "", { user: "plain_only" }))).toBe(false);
    const plain = await failure(uri("disable", "", { user: "tls_only" }));
    expect(plain.message).toContain("pg_hba.conf rejects connection");
    expect(plain.advice).toContain("try sslmode=require");
    const secure = await failure(uri("require", "", { user: "plain_only" }));
    expect(secure.advice).toContain("add a line");
  });

  test("a client certificate with an encrypted key, also for cancelling", async () => {
    const files = `&sslcert=${fixture("client.crt")}&sslkey=${fixture("client.key")}`;
    const user = "tls_client";
    const text = uri("require", `${files}&sslpassword=key%20password`, { user });
    await using connection = await connectTo(text);
    const sleeping = connection.query("sleeping", "select pg_sleep(60)");
    const again = setInterval(() => void connection.cancel(), 50);
    await expect(sleeping).rejects.toMatchObject({ server: { sqlstate: "57014" } });
    clearInterval(again);

    const without = await failure(uri("require", "", { user }));
    expect(without.advice).toContain("sslcert and sslkey");
    await expect(
      connectTo(uri("require", `${files}&sslpassword=n0pe`, { user })),
    ).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("the key can't be used"),
    });
    const missing = `&sslcert=/none.crt&sslkey=/none.key`;
    await expect(connectTo(uri("require", missing, { user }))).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("can't read the file that sslcert names"),
    });
  });

  test("channel_binding=require refuses a server that asks for the password in clear, or not at all", async () => {
    const binding = "&channel_binding=require";
    expect(await usesTls(uri("require", "", { user: "clear_text" }))).toBe(true);
    const clear = await failure(uri("require", binding, { user: "clear_text" }));
    expect(clear.message).toContain("offers no channel binding");
    const plain = await failure(uri("disable", binding));
    expect(plain.message).toContain("offers no channel binding");
    const trust = await failure(`${tlsServer.socketUri()}?channel_binding=require`);
    expect(trust.message).toContain("offers no channel binding");
  });

  test("a unix socket never uses TLS", async () => {
    expect(await usesTls(`${tlsServer.socketUri()}?sslmode=require`)).toBe(false);
  });
});

test("a pool lends a session that comes back at once, before it opens another", async () => {
  const endpoint = await parse(server(16).uri());
  let opened = 0;
  await using pool = new ConnectionPool(4, () => {
    opened++;
    return connect(endpoint, options);
  });
  const pids = await Promise.all(
    Array.from({ length: 4 }, () =>
      pool.with(options.signal, async (session) => session.processId),
    ),
  );
  expect(new Set(pids).size).toBe(1);
  expect(opened).toBe(1);
});

test("a pool opens a further session for who would wait long for one that is lent", async () => {
  const endpoint = await parse(server(16).uri());
  await using pool = new ConnectionPool(2, () => connect(endpoint, options));
  let otherDone = () => {};
  const other = new Promise<void>((resolve) => {
    otherDone = resolve;
  });
  const pid = (session: Connection) => session.processId;
  const pids = await Promise.all([
    pool.with(options.signal, async (session) => {
      await other;
      return pid(session);
    }),
    pool.with(options.signal, async (session) => {
      otherDone();
      return pid(session);
    }),
  ]);
  expect(new Set(pids).size).toBe(2);
});
