/** CREATE SUBSCRIPTION for servers older than the pg_dump that wrote it. */

import { expect, test } from "vitest";
import { fitSubscriptions } from "../../src/plan/subscriptions.js";
import type { StatementKind, TocEntry } from "../../src/plan/toc.js";

function entry(sql: string, kind: StatementKind = "subscription"): TocEntry {
  return {
    dumpId: 1,
    classOid: 6100,
    oid: 20_000,
    dependencies: [],
    title: "SUBSCRIPTION s",
    section: "post-data",
    statements: [{ kind, sql, roles: [], relations: [], creates: true }],
    settings: {},
  };
}

function fitted(
  sql: string,
  targetVersion: number,
  { kind, pgDumpMajor = 18 }: { kind?: StatementKind; pgDumpMajor?: number } = {},
): string | undefined {
  const versions = { targetVersion, pgDumpMajor };
  return fitSubscriptions([entry(sql, kind)], versions)[0]?.statements[0]?.sql;
}

const head = `CREATE SUBSCRIPTION s CONNECTION 'host=h password=''a, b)''' PUBLICATION "p, WITH (connect = false, binary = true)"`;
const all = `${head} WITH (connect = false, slot_name = 'slot', binary = true, streaming = parallel, two_phase = on, disable_on_error = true, password_required = false, run_as_owner = true, failover = true, synchronous_commit = 'local', origin = none)`;

test.each([
  [180_000, all],
  [170_000, all],
  [160_000, all.replace(", failover = true", "")],
  [
    150_000,
    `${head} WITH (connect = false, slot_name = 'slot', binary = true, streaming = on, two_phase = on, disable_on_error = true, synchronous_commit = 'local')`,
  ],
  [
    140_000,
    `${head} WITH (connect = false, slot_name = 'slot', binary = true, streaming = on, synchronous_commit = 'local')`,
  ],
  [130_000, `${head} WITH (connect = false, slot_name = 'slot', synchronous_commit = 'local')`],
])("a subscription for %i has only what that version knows", (version, expected) => {
  expect(fitted(all, version)).toBe(expected);
});

test("what is no CREATE SUBSCRIPTION of pg_dump's stays as it is", () => {
  for (const sql of ["ALTER SUBSCRIPTION s OWNER TO nora", "CREATE SUBSCRIPTION s CONNECTION ''"])
    expect(fitted(sql, 130_000)).toBe(sql);
  expect(fitted(all, 130_000, { kind: "definition" })).toBe(all);
});

test.each([
  [15, 150_000, ""],
  [15, 160_000, ", run_as_owner = true"],
  [15, 180_000, ", run_as_owner = true, streaming = off"],
  [17, 180_000, ", streaming = off"],
  [18, 180_000, ""],
])(
  "what pg_dump %i left to a default is said where %i has another",
  (pgDumpMajor, version, more) => {
    const plain = `${head} WITH (connect = false, slot_name = 'slot'`;
    expect(fitted(`${plain})`, version, { pgDumpMajor })).toBe(`${plain}${more})`);
    const said = `${plain}, streaming = on, run_as_owner = false)`;
    if (version >= 160_000) expect(fitted(said, version, { pgDumpMajor })).toBe(said);
  },
);
