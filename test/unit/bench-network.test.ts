/** The table of what the network's delay costs. */

import { expect, test } from "vitest";
import { pointsTable } from "../../bench/network/points-table.js";

test("shows contestants by their titles, and the round trips that wait for each other", () => {
  const point = (contestant: string, title: string, delayMs: number, seconds: number) => ({
    ...{ contestant, title, delayMs, roundTripMs: delayMs * 2 },
    wallMs: [seconds * 1000],
    traffic: { connections: 3, roundTrips: 90 },
  });
  const table = pointsTable([
    point("pgcopy", "pgcopy", 0, 1),
    point("pg_dump-psql", "pg_dump | psql", 0, 2),
    point("pgcopy", "pgcopy", 10, 1.4),
    point("pg_dump-psql", "pg_dump | psql", 10, 3),
  ]);
  expect(table.split("\n")).toEqual([
    "| contestant | connections | round trips in all | s at 0.0 ms | s at 20.0 ms | round trips one after the other |",
    "|---|---|---|---|---|---|",
    "| pgcopy | 3 | 90 | 1.00 | 1.40 | 20 |",
    "| pg_dump \\| psql | 3 | 90 | 2.00 | 3.00 | 50 |",
  ]);
});
