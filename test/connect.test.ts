/** Connecting, and every way in which it fails, on real servers. */

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { connect } from "../src/postgres/connect.js";
import type { Connection } from "../src/postgres/connection.js";
import { ConnectionPool } from "../src/postgres/connection-pool.js";
import { closedPort, connectTo, failure, listen, options, parse } from "./support/connecting.js";
import { server, uniqueName } from "./support/servers.js";

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
    const { port, listener } = await listen((socket) => socket.resume());
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

  test.each([
    ["SSH-2.0-OpenSSH_9.2\r\n", "a banner"],
    ["HTTP/1.1 400 Bad Request\r\n\r\n", "a web server"],
    ["R\xff\xff\xff\xff", "a message of 4 GB"],
    ["R\0\0\0\0", "a message of no length"],
    ["S\x7f\xff\xff\xffserver_version", "a parameter of 2 GB"],
    ["R\0\0\0\x08\0\0\0\0D\0\0\0\x08rows", "rows before a session"],
    ["\0\0\0\0\0\0\0\0", "zeros"],
  ])("one that speaks something else, and then waits: %j", async (words) => {
    const { port, listener } = await listen((socket) => {
      socket.on("error", () => {});
      // Else it would not hear that the other end has hung up.
      socket.resume();
      socket.write(Buffer.from(words, "latin1"));
    });
    for (const mode of ["disable", "prefer"]) {
      const error = await failure(`postgres://u@127.0.0.1:${port}/d?sslmode=${mode}`);
      expect(error.message).toContain(`what answers on 127.0.0.1:${port} is no PostgreSQL server`);
      expect(error.advice).toBe("check the host and the port");
    }
    listener.close();
  });

  test("one whose messages can't be read once a session is open", async () => {
    const opening = "R\0\0\0\x08\0\0\0\0S\0\0\0\x16server_version\x0018\0Z\0\0\0\x05I";
    const { port, listener } = await listen((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => {
        socket.write(Buffer.from(opening, "latin1"));
        // A row of 65,535 columns, and none of them.
        socket.once("data", () => socket.write(Buffer.from("D\0\0\0\x06\xff\xff", "latin1")));
      });
    });
    const error = await failure(`postgres://u@127.0.0.1:${port}/d?sslmode=disable`);
    listener.close();
    expect(error.message).toContain("a message of the server can't be read");
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
