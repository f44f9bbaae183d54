import { expect, test } from "vitest";
import { inOrderOfKeys } from "../../src/plan/equivalent-keys.js";
import { type CloneTask, newTask, PRE_DATA } from "../../src/plan/task.js";
import { inventIndex } from "./invented-catalog.js";

const TABLE = 20_000;

/** A unique index over the given columns. */
function unique(oid: number, name: string, keyColumns: readonly number[] | undefined) {
  return inventIndex({ oid, name, tableOid: TABLE, unique: true, keyColumns });
}

/** The task that builds it. */
function build(name: string, needs: readonly string[] = [PRE_DATA]): CloneTask {
  const table = { schema: "public", name: "orders" };
  return newTask(`index:${name}`, "index", name, {
    needs,
    indexes: [{ schema: "public", name, table, kind: "unique", method: "built" }],
  });
}

const foreignKey = (referencedIndexOid: number) => ({
  oid: 1,
  tableOid: 30_000,
  referencedTableOid: TABLE,
  referencedIndexOid,
});

const needsOf = (tasks: readonly CloneTask[], name: string) =>
  tasks.find(({ id }) => id === `index:${name}`)?.needs;

test("of indexes over the same columns, in any order, the one with the lower OID is built first", () => {
  const indexes = [unique(3, "by_b_a", [2, 1]), unique(2, "by_a_b", [1, 2])];
  const tasks = inOrderOfKeys([build("by_b_a"), build("by_a_b")], indexes, []);
  expect(needsOf(tasks, "by_b_a")).toEqual([PRE_DATA, "index:by_a_b"]);
  expect(needsOf(tasks, "by_a_b")).toEqual([PRE_DATA]);
});

test("one that a foreign key relies on comes before all others", () => {
  const indexes = [unique(2, "older", [1]), unique(3, "relied_on", [1]), unique(4, "newest", [1])];
  const tasks = inOrderOfKeys(
    indexes.map(({ name }) => build(name)),
    indexes,
    [foreignKey(3)],
  );
  expect(needsOf(tasks, "relied_on")).toEqual([PRE_DATA]);
  expect(needsOf(tasks, "older")).toContain("index:relied_on");
  expect(needsOf(tasks, "newest")).toContain("index:older");
});

test("indexes over other columns, and those that no foreign key could take, are built side by side", () => {
  const indexes = [unique(2, "one", [1]), unique(3, "other", [2]), unique(4, "partial", undefined)];
  const tasks = inOrderOfKeys(
    indexes.map(({ name }) => build(name)),
    indexes,
    [foreignKey(2)],
  );
  for (const task of tasks) expect(task.needs).toEqual([PRE_DATA]);
});

test("an order that would make a circle is left alone", () => {
  const indexes = [unique(2, "first", [1]), unique(3, "second", [1])];
  const between = newTask("view", "post_data", "view", { needs: ["index:second"] });
  const tasks = inOrderOfKeys([build("first", ["view"]), build("second"), between], indexes, []);
  expect(needsOf(tasks, "second")).toEqual([PRE_DATA]);
});
