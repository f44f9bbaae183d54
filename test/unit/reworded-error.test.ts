/** An error that is said in other words keeps all that it held. */

import { expect, test } from "vitest";
import { reworded } from "../../src/engine/reworded-error.js";
import { PgCopyError } from "../../src/errors.js";

const error = new PgCopyError("no", {
  code: "target_unfit",
  attempted: "creating a table",
  side: "target",
  server: { severity: "ERROR", sqlstate: "42501", message: "permission denied" },
  advice: "ask somebody",
  items: ["table t"],
  statements: ["grant create on schema public to nora"],
  retrySafe: true,
});

test("every field survives, but for those that are given", () => {
  expect(reworded(error, {}).toJSON()).toEqual(error.toJSON());
  const other = reworded(error, { message: "database shop: no", advice: "ask again" });
  expect(other.toJSON()).toEqual({
    ...error.toJSON(),
    message: "database shop: no",
    advice: "ask again",
  });
  expect(other.cause).toBe(error);
});
