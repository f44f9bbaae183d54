/** What each error of a server asks for: by its SQLSTATE, the side, what was attempted, and the words. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { ServerReport, Side } from "../../src/errors.js";
import { failuresTable } from "../../src/postgres/failures-table.js";
import { explainFailure, knownFailures } from "../../src/postgres/known-failures.js";
import { statementError } from "../../src/postgres/server-error.js";

const explained = (
  sqlstate: string,
  attempted: string,
  side: Side,
  words: Partial<ServerReport> = {},
) => {
  const report = { severity: "ERROR", sqlstate, message: "x", ...words };
  return explainFailure({ report, attempted, side });
};

const copy = "COPY public.t";
const index = "CREATE INDEX t_idx ON public.t";

test.each([
  ["53100", index, "target", {}, "disk_full", /temp_tablespaces/],
  ["53100", copy, "target", {}, "disk_full", /pg_wal/],
  ["53100", copy, "source", {}, "disk_full", /temporary files/],
  [
    "53200",
    copy,
    "target",
    { hint: "max_locks_per_transaction" },
    "out_of_locks",
    /raise max_locks/,
  ],
  ["53200", index, "target", {}, "out_of_memory", /maintenance-work-mem/],
  ["40001", copy, "source", {}, "recovery_conflict", /hot_standby_feedback/],
  ["40001", copy, "target", {}, "serialization_failure", /./],
  ["40P01", copy, "source", { detail: "… with recovery." }, "recovery_conflict", /./],
  ["40P01", copy, "source", {}, "deadlock", /./],
  ["57014", copy, "target", { message: "… due to statement timeout" }, "timed_out", /pooler/],
  ["57014", copy, "target", { message: "… due to user request" }, "canceled", /pgcopy/],
  ["42P01", copy, "source", {}, "source_changed", /start over/],
  ["42P01", "verify public.t", "source", {}, "source_changed", /start over/],
  [
    "XX000",
    copy,
    "source",
    { message: "could not open relation with OID 7" },
    "source_changed",
    /./,
  ],
  ["42P01", copy, "target", {}, "target_changed", /./],
  ["23505", "CREATE UNIQUE INDEX u ON public.t", "target", {}, "source_inconsistent", /amcheck/],
  ["23503", "ADD FOREIGN KEY f to public.t", "target", {}, "source_inconsistent", /refer to none/],
  ["08006", copy, "target", {}, "connection_lost", /./],
  ["72000", copy, "source", {}, "snapshot_too_old", /old_snapshot_threshold/],
] as const)("%s in %s on the %s %o is %s", (sqlstate, attempted, side, words, reason, advice) => {
  const known = explained(sqlstate, attempted, side, words);
  expect(known?.reason).toBe(reason);
  expect(known?.advice).toMatch(advice);
});

test.each([
  ["22012", copy, "target", {}],
  // It is a function of the user's that lacks something, not the table that is copied.
  ["42P01", copy, "target", { where: "PL/pgSQL function public.f() line 1 at PERFORM" }],
  ["XX000", copy, "source", { message: "compressed data is corrupt" }],
  ["42P01", "reading the catalog", "source", {}],
  ["23505", copy, "target", {}],
] as const)("of %s in %s on the %s %o the server's words are all that is known", (...failure) => {
  const [sqlstate, attempted, side, words] = failure;
  expect(explained(sqlstate, attempted, side, words)).toBeUndefined();
});

test("an error of a connection that broke without a word says so", () => {
  expect(statementError(new Error("read ECONNRESET"), copy, "source")).toMatchObject({
    reason: "connection_lost",
    retrySafe: true,
    advice: expect.stringContaining("network"),
  });
});

test("each is reached by something: none before it takes all of it", () => {
  const unreachable = knownFailures.filter((known, at) =>
    known.sqlstates.every((sqlstate) =>
      knownFailures
        .slice(0, at)
        .some(
          ({ sqlstates, side, fits }) =>
            sqlstates.includes(sqlstate) &&
            fits === undefined &&
            (side === undefined || side === known.side),
        ),
    ),
  );
  expect(unreachable).toEqual([]);
});

test("docs/faults.md has the table (npm run docs writes it)", () => {
  const page = readFileSync(new URL("../../docs/faults.md", import.meta.url), "utf8");
  expect(page).toContain(failuresTable());
});
