/** TLS as libpq has it, with real certificates (test/fixtures/tls): on a server, and through who stands before one. */

import { chmod, chown, copyFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Connection } from "../src/postgres/connection.js";
import { runCli } from "./support/cli.js";
import { expectSameDatabase } from "./support/compare.js";
import { connectTo, failure } from "./support/connecting.js";
import { type LaunchedServer, launchServer } from "./support/launch-servers.js";
import { createDatabase, server, type TestServer, testServer } from "./support/servers.js";
import { openProxy } from "./support/tcp-proxy.js";
import { openTlsFront, type TlsFront, type TlsFrontOptions, tlsFile } from "./support/tls-front.js";

/** Asked for again until it arrives while the statement runs. */
async function expectCancelled(connection: Connection): Promise<void> {
  const sleeping = connection.query("sleeping", "select pg_sleep(60)");
  const again = setInterval(() => void connection.cancel(), 50);
  await expect(sleeping).rejects.toMatchObject({ server: { sqlstate: "57014" } });
  clearInterval(again);
}

const authority = `&sslrootcert=${tlsFile("authority.crt")}`;
const stranger = `&sslrootcert=${tlsFile("stranger.crt")}`;
const revocations = `&sslcrl=${tlsFile("authority.crl")}`;

describe("a server with TLS", () => {
  let folder: string;
  let launched: LaunchedServer;
  let tlsServer: TestServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pgcopy-tls-"));
    // git keeps no such mode.
    await copyFile(tlsFile("client.key"), clientKey());
    await chmod(clientKey(), 0o600);
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
      await copyFile(tlsFile(from), join(directory, to));
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
    await rm(folder, { recursive: true });
  });

  const clientKey = () => join(folder, "client.key");

  const uri = (mode: string, more = "", { user = "postgres", host = "localhost" } = {}) => {
    const password = user === "postgres" ? tlsServer.password : "secret";
    return `postgres://${user}:${encodeURIComponent(password)}@${host}:${tlsServer.port}/postgres?sslmode=${mode}${more}`;
  };

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
    const files = `&sslcert=${tlsFile("client.crt")}&sslkey=${clientKey()}`;
    const user = "tls_client";
    const text = uri("require", `${files}&sslpassword=key%20password`, { user });
    await using connection = await connectTo(text);
    await expectCancelled(connection);

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

  test("a client certificate of another authority is refused by the server", async () => {
    const files = `&sslcert=${tlsFile("strange-client.crt")}&sslkey=${clientKey()}&sslpassword=key%20password`;
    const error = await failure(uri("require", files, { user: "tls_client" }));
    expect(error.message).toMatch(/unknown ca|certificate/i);
  });

  test.each([0o644, 0o604, 0o660])("a key of mode %o is refused, as by libpq", async (mode) => {
    const key = join(folder, `${mode}.key`);
    await copyFile(tlsFile("client.key"), key);
    await chmod(key, mode);
    const files = `&sslcert=${tlsFile("client.crt")}&sslkey=${key}&sslpassword=key%20password`;
    await expect(connectTo(uri("require", files, { user: "tls_client" }))).rejects.toMatchObject({
      code: "usage",
      message: `the key that sslkey names is open to others: ${key}`,
      advice: `chmod 600 ${key}`,
    });
  });

  test("a statement of a session with TLS from the first byte is cancelled so, too", async () => {
    await using proxy = await openProxy(tlsServer);
    const firstBytes = new Set<number>();
    proxy.onClientData = (chunk) => firstBytes.add(chunk[0] ?? -1);
    const text = uri("require", "&sslnegotiation=direct").replace(
      `:${tlsServer.port}`,
      `:${proxy.port}`,
    );
    await using connection = await connectTo(text);
    await expectCancelled(connection);
    // Every record of TLS begins with its kind, 20 to 23.
    expect([...firstBytes].filter((byte) => byte < 20 || byte > 23)).toEqual([]);
  });
});

describe("before a server", () => {
  /** The server's URI, leading through the front. */
  const through = (
    { port }: TlsFront,
    mode: string,
    more = "",
    { host = "localhost", database = "postgres" } = {},
  ) =>
    `postgres://postgres:${encodeURIComponent(server(16).password)}@${host}:${port}/${database}?hostaddr=127.0.0.1&sslmode=${mode}${more}`;

  const takes: [TlsFrontOptions, mode: string, more: string, host: string][] = [
    [{}, "verify-full", authority, "localhost"],
    [{}, "verify-full", authority + revocations, "localhost"],
    [{ certificate: "chain.crt" }, "verify-full", authority, "localhost"],
    [{ certificate: "common-name.crt" }, "verify-full", authority, "localhost"],
    [{ certificate: "address.crt" }, "verify-full", authority, "127.0.0.1"],
    [{ certificate: "wildcard.crt" }, "verify-full", authority, "db.example.test"],
    [{ certificate: "wildcard.crt" }, "verify-ca", authority, "localhost"],
    [{ certificate: "revoked.crt" }, "verify-full", authority, "localhost"],
    [{ certificate: "expired.crt" }, "require", "", "localhost"],
    [{ maxVersion: "TLSv1.2" }, "verify-full", authority, "localhost"],
  ];
  test.each(takes)("%j: sslmode=%s%s takes it for %s", async (options, mode, more, host) => {
    await using front = await openTlsFront(server(16), options);
    await using connection = await connectTo(through(front, mode, more, { host }));
    expect(connection.usable).toBe(true);
    expect(front.requests).toEqual(["SSLRequest in clear", "startup over TLS"]);
  });

  const refuses: [TlsFrontOptions, mode: string, more: string, host: string, words: RegExp][] = [
    [{}, "verify-full", authority, "127.0.0.1", /is not for 127\.0\.0\.1/],
    [{}, "verify-full", authority, "db.example.test", /is not for db\.example\.test/],
    [{ certificate: "address.crt" }, "verify-full", authority, "localhost", /is not for localhost/],
    [{ certificate: "wildcard.crt" }, "verify-full", authority, "a.b.example.test", /is not for/],
    [{ certificate: "wildcard.crt" }, "verify-full", authority, "example.test", /is not for/],
    [{ certificate: "expired.crt" }, "require", authority, "localhost", /has expired/],
    [{ certificate: "expired.crt" }, "verify-ca", authority, "localhost", /has expired/],
    [{ certificate: "revoked.crt" }, "verify-ca", authority + revocations, "localhost", /revoked/],
    [{ certificate: "revoked.crt" }, "require", authority + revocations, "localhost", /revoked/],
    [{ certificate: "chain.crt" }, "verify-ca", stranger, "localhost", /is not trusted/],
    [{}, "verify-full", stranger, "localhost", /is not trusted/],
    [
      { maxVersion: "TLSv1.2" },
      "require",
      "&ssl_min_protocol_version=TLSv1.3",
      "localhost",
      /TLS could not be set up/,
    ],
  ];
  test.each(refuses)("%j: sslmode=%s%s refuses it for %s", async (...given) => {
    const [options, mode, more, host, words] = given;
    await using front = await openTlsFront(server(16), options);
    const error = await failure(through(front, mode, more, { host }));
    expect(error.message).toMatch(words);
    expect(error.retrySafe).toBe(false);
    // Nothing but the wish for TLS: no user, no database, no password.
    expect(front.requests).toEqual(["SSLRequest in clear"]);
  });

  test.each(["require", "verify-ca", "verify-full"])(
    "who takes TLS away gets nothing from sslmode=%s",
    async (mode) => {
      await using front = await openTlsFront(server(16));
      front.answer = "N";
      const error = await failure(through(front, mode, authority));
      expect(error.message).toMatch(/the server does not support TLS$/);
      expect(front.requests).toEqual(["SSLRequest in clear"]);
    },
  );

  test.each(["S\0\0", "SN", "X", "SSH-2.0-x\r\n", "\0"])(
    "an answer of %j is neither yes nor no",
    async (answer) => {
      await using front = await openTlsFront(server(16));
      front.answer = answer;
      const error = await failure(through(front, "require"));
      expect(error.message).toContain("TLS could not be set up");
      expect(front.requests).toEqual(["SSLRequest in clear"]);
    },
  );

  test("prefer asks for TLS first, allow last", async () => {
    await using front = await openTlsFront(server(16));
    await (await connectTo(through(front, "allow"))).close();
    expect(front.requests).toEqual(["startup in clear"]);
    await (await connectTo(through(front, "prefer"))).close();
    expect(front.requests.slice(1)).toEqual(["SSLRequest in clear", "startup over TLS"]);
    front.answer = "N";
    await (await connectTo(through(front, "prefer"))).close();
    expect(front.requests.slice(3)).toEqual(["SSLRequest in clear", "startup in clear"]);
  });

  test("the server is told the name, unless sslsni=0, and never an address", async () => {
    await using front = await openTlsFront(server(16));
    await (await connectTo(through(front, "verify-full", authority))).close();
    await (await connectTo(through(front, "verify-full", `${authority}&sslsni=0`))).close();
    await (await connectTo(through(front, "require", "", { host: "127.0.0.1" }))).close();
    const names = front.connections.map(({ serverName }) => serverName || undefined);
    expect(names).toEqual(["localhost", undefined, undefined]);
  });

  test("a statement is cancelled over TLS, and not at all where TLS is taken away", async () => {
    await using front = await openTlsFront(server(16));
    await using connection = await connectTo(through(front, "verify-full", authority));
    await expectCancelled(connection);
    expect(front.requests).toContain("CancelRequest over TLS");
    front.answer = "N";
    await connection.cancel();
    expect(front.requests).not.toContain("CancelRequest in clear");
    expect(front.requests.at(-1)).toBe("SSLRequest in clear");
  });

  test("all sessions of a clone, of its threads too, check the certificate", async () => {
    await using source = await createDatabase(server(16), "tls");
    await using target = await createDatabase(server(18), "tls");
    await source.execute(
      "create table t as select i as id, 'row ' || i as words from generate_series(1, 20000) as i; alter table t add primary key (id)",
    );
    await using sourceFront = await openTlsFront(source.server);
    await using targetFront = await openTlsFront(target.server);
    const uri = (database: typeof source, { port }: TlsFront) =>
      `${database.uri.replace(/@.*\//, `@localhost:${port}/`)}?hostaddr=127.0.0.1&sslmode=verify-full${authority}`;
    const ended = await runCli([
      ...["clone", uri(source, sourceFront), uri(target, targetFront), "--pg-dump", "bundled"],
      ...["--threads", "2", "--jobs", "2", "--split-tables-larger-than", "200kB"],
    ]);
    expect(ended).toMatchObject({ exitCode: 0 });
    await expectSameDatabase(source.uri, target.uri);
    for (const { requests } of [sourceFront, targetFront]) {
      expect(requests.length).toBeGreaterThan(5);
      expect(new Set(requests)).toEqual(new Set(["SSLRequest in clear", "startup over TLS"]));
    }
  });
});
