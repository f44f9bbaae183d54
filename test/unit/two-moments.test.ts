/** What is said of rows that do not fit each other, where a run was resumed at a later moment. */

import { describe, expect, test } from "vitest";
import { withLeftovers } from "../../src/engine/leftovers.js";
import { withMomentsAdvice } from "../../src/engine/two-moments.js";
import { PgCopyError } from "../../src/errors.js";

const foreignKey = new PgCopyError("a foreign key failed", {
  code: "task_failed",
  side: "target",
  reason: "source_inconsistent",
  advice: "mend the source",
  server: { severity: "ERROR", sqlstate: "23503", message: "no such key" },
});

const leftovers = {
  servers: { targetEndpoint: { database: "shop", description: "shop" } },
  journal: { place: "its journal" },
  target: { databaseCreated: false },
  run: { signal: new AbortController().signal, record: { tasks: [] } },
  resolved: {},
} as unknown as Parameters<typeof withLeftovers>[0];

async function adviceOf(consistent: boolean): Promise<PgCopyError> {
  const resumed = { consistent };
  const failed = withLeftovers({ ...leftovers, resumed }, async () => {
    throw withMomentsAdvice(foreignKey, { resumed });
  });
  return await failed.then(
    () => expect.unreachable(),
    (error: PgCopyError) => error,
  );
}

describe("a foreign key that fails in a resumed run", () => {
  test("that is not consistent is no fault of the source, and resuming is no way out", async () => {
    const { advice, reason } = await adviceOf(false);
    expect(advice).toMatch(/^the rows are of two moments.*start over with --restart/);
    expect(advice).not.toMatch(/mend the source|--resume,/);
    expect(reason).toBeUndefined();
  });

  test("that is consistent is the source's", async () => {
    const { advice, reason } = await adviceOf(true);
    expect(advice).toMatch(/^mend the source; .*Go on with --resume/);
    expect(reason).toBe("source_inconsistent");
  });
});
