import pg from "pg";
import { expect, test } from "vitest";
import type { ServerEndpoint } from "../../src/endpoint/endpoint.js";
import { parseEndpoint } from "../../src/endpoint/parse-endpoint.js";
import { connectionAttempts, type FailedAttempt } from "../../src/postgres/connection-attempts.js";
import { DeclinedSession } from "../../src/postgres/session-checks.js";

const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
const noTls = new Error("The server does not support SSL connections");
const untrusted = Object.assign(new Error("self-signed"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
const unfit = new DeclinedSession("session_attributes", "a primary");
const reported = (sqlstate: string) =>
  Object.assign(new pg.DatabaseError(sqlstate, 0, "error"), { severity: "FATAL", code: sqlstate });

/** The attempts that follow when each fails with the next of `errors`: `10.0.0.1 tls standby`. */
async function attempts(parameters: string, errors: readonly unknown[]): Promise<string[]> {
  const endpoint = (await parseEndpoint(`user=u ${parameters}`, {}, "source")) as ServerEndpoint;
  const failures: FailedAttempt[] = [];
  const made: string[] = [];
  const { signal } = new AbortController();
  for await (const attempt of connectionAttempts({ endpoint, side: "source", signal, failures })) {
    const tls = attempt.tls === undefined ? "plain" : "tls";
    const { sessionAttributes } = attempt;
    made.push(
      `${attempt.address} ${tls}${sessionAttributes === "any" ? "" : ` ${sessionAttributes}`}`,
    );
    if (failures.length === errors.length) break;
    failures.push({ attempt, error: errors[failures.length] });
  }
  return made;
}

const one = "host=10.0.0.1";
const two = "host=10.0.0.1,10.0.0.2";

test.each([
  ["no TLS", `${one} sslmode=prefer`, [noTls], ["10.0.0.1 tls", "10.0.0.1 plain"]],
  [
    "an untrusted certificate",
    `${one} sslmode=prefer`,
    [untrusted],
    ["10.0.0.1 tls", "10.0.0.1 plain"],
  ],
  ["pg_hba.conf", `${one} sslmode=prefer`, [reported("28000")], ["10.0.0.1 tls", "10.0.0.1 plain"]],
  ["pg_hba.conf", `${one} sslmode=allow`, [reported("28000")], ["10.0.0.1 plain", "10.0.0.1 tls"]],
  [
    "both ways",
    `${one} sslmode=prefer`,
    [noTls, reported("28000")],
    ["10.0.0.1 tls", "10.0.0.1 plain"],
  ],
  ["a wrong password", `${two} sslmode=prefer`, [reported("28P01")], ["10.0.0.1 tls"]],
  ["no TLS", `${two} sslmode=require`, [noTls], ["10.0.0.1 tls"]],
  ["an untrusted certificate", `${two} sslmode=require`, [untrusted], ["10.0.0.1 tls"]],
  ["a refusal", `${two} sslmode=prefer`, [refused], ["10.0.0.1 tls", "10.0.0.2 tls"]],
  ["starting up", `${two} sslmode=prefer`, [reported("57P03")], ["10.0.0.1 tls", "10.0.0.2 tls"]],
  ["too many", `${two} sslmode=disable`, [reported("53300")], ["10.0.0.1 plain"]],
  [
    "all refused",
    `${two} sslmode=disable`,
    [refused, refused],
    ["10.0.0.1 plain", "10.0.0.2 plain"],
  ],
  [
    "a standby",
    `${two} sslmode=disable target_session_attrs=primary`,
    [unfit],
    ["10.0.0.1 plain primary", "10.0.0.2 plain primary"],
  ],
  [
    "no standby",
    `${two} sslmode=disable target_session_attrs=prefer-standby`,
    [unfit, unfit],
    ["10.0.0.1 plain standby", "10.0.0.2 plain standby", "10.0.0.1 plain"],
  ],
  [
    "no server",
    `${one} sslmode=disable target_session_attrs=prefer-standby`,
    [refused],
    ["10.0.0.1 plain standby"],
  ],
  ["no TLS on a unix socket", "host=/s sslmode=require", [], ["/s plain"]],
  ["hostaddr", "host=db hostaddr=10.0.0.9 sslmode=require", [], ["10.0.0.9 tls"]],
])("after %s: %s", async (_, parameters, errors, expected) => {
  expect(await attempts(parameters, errors)).toEqual(expected);
});

test("a host that has several addresses is tried at each", async () => {
  const made = await attempts("host=localhost sslmode=disable", [refused, refused, refused]);
  expect(made).toContain("127.0.0.1 plain");
});
