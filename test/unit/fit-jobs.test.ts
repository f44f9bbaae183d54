/** How many jobs the free connections allow, and which limit is said to be short. */

import { expect, test } from "vitest";
import type { ServerFacts } from "../../src/engine/check-servers.js";
import { fitJobs } from "../../src/engine/fit-jobs.js";
import { Run } from "../../src/engine/run.js";

const NO_LIMIT = 1_000_000;

function facts(fields: Partial<ServerFacts> = {}): ServerFacts {
  return {
    ...{ started: "1", database: "shop", role: "me", inRecovery: false, readOnly: false },
    ...{ backendPid: 7, freeOnServer: 97, freeForRole: NO_LIMIT, freeInDatabase: NO_LIMIT },
    ...{ serverLimit: 100, roleLimit: -1, databaseLimit: -1 },
    ...fields,
  };
}

const elsewhere = { started: "2" };
const wanted = { tableJobs: 8, indexJobs: 8 };

function warnings(source: ServerFacts, target: ServerFacts): readonly string[] {
  const run = new Run(new AbortController().signal, undefined);
  fitJobs(wanted, source, target, run);
  return run.warnings;
}

test.each([
  ["the server's", { freeOnServer: 3, serverLimit: 10 }, "target 3 of the server's 10"],
  ["the role's", { freeForRole: 3, roleLimit: 5 }, "target 3 of the role's 5"],
  ["the database's", { freeInDatabase: 3, databaseLimit: 4 }, "target 3 of the database's 4"],
])("too few free connections: %s limit is named", (_whose, limited, words) => {
  expect(warnings(facts(), facts({ ...elsewhere, ...limited }))).toEqual([
    `not enough free connections (source 97 of the server's 100, ${words}): ` +
      "going on with 2 table jobs and 1 index jobs in place of 8 and 8",
  ]);
});

test("enough of them is nothing to speak of", () => {
  expect(warnings(facts(), facts(elsewhere))).toEqual([]);
});

test("none at all is an error that names the limit too", () => {
  const none = facts({ ...elsewhere, freeForRole: -1, roleLimit: 1 });
  expect(() => warnings(facts(), none)).toThrow(
    "the target has too few free connections (0 of the role's 1); at least 2 more are needed",
  );
});
