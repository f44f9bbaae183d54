/** What every session pins before it does anything. */

import { describe, expect, test } from "vitest";
import { pinSettings, watchClient } from "../../src/postgres/session-settings.js";

/** The settings as a table, as the server would have them. */
function pinned(serverVersion: number, extra: Readonly<Record<string, string>> = {}) {
  return Object.fromEntries(
    pinSettings(serverVersion, extra)
      .split("; ")
      .map((statement) => {
        const [, name, value] = /^set (\w+) = '(.*)'$/.exec(statement) ?? [];
        return [name, value];
      }),
  );
}

describe("every session", () => {
  test("reads and writes values in one form, whatever the role's defaults are", () => {
    expect(pinned(150_000)).toMatchObject({
      client_encoding: "UTF8",
      datestyle: "ISO, MDY",
      intervalstyle: "postgres",
      extra_float_digits: "3",
      bytea_output: "hex",
      lc_monetary: "C",
      xmloption: "content",
      array_nulls: "on",
      standard_conforming_strings: "on",
    });
  });

  test("never copies a subset because of row security: it fails instead", () => {
    expect(pinned(150_000).row_security).toBe("off");
  });

  test("takes no name from a search path, and checks no function body against what is not there yet", () => {
    expect(pinned(150_000)).toMatchObject({ search_path: "", check_function_bodies: "off" });
  });

  test.each([
    [120_000, ["idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout"]],
    [
      140_002,
      [
        "idle_in_transaction_session_timeout",
        "idle_session_timeout",
        "lock_timeout",
        "statement_timeout",
      ],
    ],
    [
      170_000,
      [
        "idle_in_transaction_session_timeout",
        "idle_session_timeout",
        "lock_timeout",
        "statement_timeout",
        "transaction_timeout",
      ],
    ],
  ])("has no timeout that version %i knows", (version, timeouts) => {
    const settings = pinned(version);
    const found = Object.keys(settings).filter((name) => name.endsWith("timeout"));
    expect(found.sort()).toEqual(timeouts);
    for (const name of found) expect(settings[name]).toBe("0");
  });

  test("is ended by its server soon after its client is gone, where the server can", () => {
    expect(pinned(120_000)).toMatchObject({
      tcp_keepalives_idle: "60",
      tcp_keepalives_interval: "10",
      tcp_keepalives_count: "6",
    });
    expect(watchClient(130_000)).toBe("select");
    expect(watchClient(140_000)).toMatch(/client_connection_check_interval.*\n.*'%linux%'$/);
  });

  test("has its own settings too, which win, and are quoted", () => {
    expect(pinned(150_000, { synchronous_commit: "off", jit: "on" })).toMatchObject({
      synchronous_commit: "off",
      jit: "on",
    });
    expect(pinSettings(150_000, { maintenance_work_mem: "1'; drop table x; --" })).toContain(
      "set maintenance_work_mem = '1''; drop table x; --'",
    );
  });
});
