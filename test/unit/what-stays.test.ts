/** What an error says of what stays when a run ends early. */

import { expect, test } from "vitest";
import { tellingWhatStays, WhatStays } from "../../src/engine/what-stays.js";
import { PgCopyError, type PgCopyErrorCode } from "../../src/errors.js";

async function adviceOf(
  stays: Partial<WhatStays>,
  advice: string | undefined,
  code: PgCopyErrorCode = "target_unfit",
): Promise<string | undefined> {
  const error = new PgCopyError("it failed", { code, ...(advice === undefined ? {} : { advice }) });
  const run = { stays: Object.assign(new WhatStays(), stays) };
  return await tellingWhatStays(run, () => Promise.reject(error)).catch((thrown) => thrown.advice);
}

test("each is named, behind what the error says of itself", async () => {
  const all = { directory: "/x", database: "Shop", roles: ["nora", "app"], dropped: 2 };
  expect(await adviceOf(all, "mend it")).toBe(
    'mend it; 2 objects of the target were dropped, to be replaced; the data directory /x, which this run initialised, stays; the database "Shop", which this run created, stays; the roles that this run created stay: nora, app',
  );
  expect(await adviceOf({ roles: ["nora"] }, undefined)).toBe(
    "the role that this run created stays: nora",
  );
});

test("nothing is said to be unchanged that was changed", async () => {
  expect(await adviceOf({ roles: ["nora"] }, "nothing was changed; grant it")).toBe(
    "nothing else was changed; grant it; the role that this run created stays: nora",
  );
});

test("a database that the error has named is not named again", async () => {
  const advice = "start over, or drop the database shop, which this run created";
  expect(await adviceOf({ database: "shop" }, advice)).toBe(advice);
});

test("of a run that has made nothing, or all, the error stays as it is", async () => {
  expect(await adviceOf({}, "mend it")).toBe("mend it");
  expect(await adviceOf({ roles: ["nora"] }, "look", "verification_failed")).toBe("look");
});
