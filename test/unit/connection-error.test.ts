import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect, test } from "vitest";
import type { ServerEndpoint } from "../../src/endpoint/endpoint.js";
import { parseEndpoint } from "../../src/endpoint/parse-endpoint.js";
import type { ConnectionAttempt } from "../../src/postgres/connection-attempts.js";
import { connectionError } from "../../src/postgres/connection-error.js";

const endpoint = (await parseEndpoint(
  "postgres://ann:hush@db/shop",
  {},
  "target",
)) as ServerEndpoint;
const attempt: ConnectionAttempt = {
  host: "db",
  address: "10.0.0.7",
  port: 5432,
  password: "hush",
  directTls: false,
  sessionAttributes: "any",
};

function reported(sqlstate: string, message: string): Error {
  const error = new pg.DatabaseError(message, 0, "error");
  return Object.assign(error, { severity: "FATAL", code: sqlstate });
}

function failed(code: string, message = code): Error {
  return Object.assign(new Error(message), { code });
}

test.each([
  [failed("ENOTFOUND"), 'the host name "db" is not known', "spelling", false],
  [failed("EAI_AGAIN"), "the name server did not answer", "try again", true],
  [
    failed("ECONNREFUSED"),
    "connection refused: no server listens on db:5432",
    "listen_addresses",
    true,
  ],
  [
    new AggregateError([failed("ECONNREFUSED"), failed("ECONNREFUSED")]),
    "connection refused",
    "listen_addresses",
    true,
  ],
  [failed("ENETUNREACH"), "no way to db:5432", "VPN", true],
  [failed("ETIMEDOUT"), "no answer", "connect_timeout", true],
  [failed("ECONNRESET", "read ECONNRESET"), "closed the connection before", "its log", true],
  [new Error("Connection terminated unexpectedly"), "closed the connection before", "proxy", true],
  [
    reported("57P03", "the database system is starting up"),
    "starting up (SQLSTATE 57P03)",
    "wait",
    true,
  ],
  [reported("53300", "sorry, too many clients already"), "too many clients", "fewer jobs", true],
  [reported("28P01", "password authentication failed"), "SQLSTATE 28P01", "password", false],
  [reported("3D000", 'database "shop" does not exist'), "SQLSTATE 3D000", "create it first", false],
  [
    reported("28000", 'no pg_hba.conf entry for host "10.0.0.1", user "ann", SSL encryption'),
    "no pg_hba.conf entry",
    "add a line",
    false,
  ],
  [
    reported("28000", 'Peer authentication failed for user "ann"'),
    "Peer",
    "another identity",
    false,
  ],
  [
    reported("08P01", "unsupported startup parameter: options"),
    "SQLSTATE 08P01",
    "PgBouncer",
    false,
  ],
  [reported("08P01", "SSL required"), "SSL required", "sslmode=require", false],
  [
    failed("CERT_HAS_EXPIRED", "certificate has expired"),
    "not trusted: certificate has expired",
    "sslrootcert",
    false,
  ],
  [failed("ERR_SSL_NO_PROTOCOLS_AVAILABLE"), "TLS could not be set up", "TLS versions", false],
] as const)("%s", (error, words, advice, retrySafe) => {
  const reportedError = connectionError([{ attempt, error }], endpoint, "target");
  expect(reportedError.message).toContain("can't connect to the target postgres://ann@db/shop: ");
  expect(reportedError.message).toContain(words);
  expect(reportedError.advice).toContain(advice);
  expect(reportedError).toMatchObject({
    code: "connection_failed",
    side: "target",
    retrySafe,
    items: [],
  });
  expect(JSON.stringify(reportedError)).not.toContain("hush");
});

test("a wrong password comes with where it was taken from", async () => {
  const directory = await mkdtemp(join(tmpdir(), "pgcopy-password-"));
  const file = join(directory, "passwords");
  const service = join(directory, "services");
  try {
    await writeFile(file, "*:*:*:*:hush\n", { mode: 0o600 });
    await writeFile(service, "[shop]\nhost=db\npassword=hush\n");
    const adviceFor = async (text: string, environment: Record<string, string> = {}) => {
      const from = (await parseEndpoint(text, environment, "source")) as ServerEndpoint;
      const refused = { attempt, error: reported("28P01", "password authentication failed") };
      return connectionError([refused], from, "source").advice;
    };
    const plain = "check the user and the password";
    const taken = (from: string) => `${plain}, which was taken from ${from}`;
    const uri = "postgres://ann@db/shop";
    expect(await adviceFor(uri)).toBe(plain);
    expect(await adviceFor(uri, { PGPASSWORD: "hush" })).toBe(taken("PGPASSWORD"));
    expect(await adviceFor(uri, { PGPASSFILE: file })).toBe(taken(file));
    expect(await adviceFor("postgres://ann:hush@db/shop", { PGPASSWORD: "no" })).toBe(
      taken("the endpoint"),
    );
    expect(
      await adviceFor("service=shop user=ann", { PGSERVICEFILE: service, PGPASSWORD: "no" }),
    ).toBe(taken("the service shop"));
  } finally {
    await rm(directory, { recursive: true });
  }
});
