import { expect, test } from "vitest";
import { batchSmallTables } from "../../src/plan/small-tables.js";
import { planTable } from "../../src/plan/table-plan.js";
import { type CloneTask, newTask, PRE_DATA } from "../../src/plan/task.js";
import { inventCatalog, inventTable } from "./invented-catalog.js";

const KB = 1024;

/** The copy of a table and the task with its keys. */
function tableTasks(n: number, bytes = 16 * KB, keyNeeds: readonly string[] = []): CloneTask[] {
  const table = inventTable({ oid: 20_000 + n, name: `t${n}`, bytes });
  const plan = planTable(table, inventCatalog(), {
    copyFormat: "auto",
    splitTablesLargerThan: undefined,
    keyBounds: new Map(),
    tableRows: new Map(),
  });
  const copy = newTask(`copy:t${n}`, "copy", `COPY t${n}`, {
    needs: [PRE_DATA],
    locks: { shared: [String(table.oid)] },
    work: { do: "copy", table: plan, part: 0 },
    bytes,
  });
  const scripts = [{ title: `key of t${n}`, settings: {}, statements: [`add key ${n}`] }];
  const keys = newTask(`indexes:t${n}`, "index", `keys of t${n}`, {
    needs: [PRE_DATA, copy.id, ...keyNeeds],
    locks: { exclusive: [String(table.oid)] },
    work: { do: "scripts", scripts },
  });
  return [copy, keys];
}

const many = (count: number) => Array.from({ length: count }, (_, n) => tableTasks(n)).flat();

function batchedNames(tasks: readonly CloneTask[]): string[] {
  return tasks.flatMap(({ work }) =>
    work.do === "small_tables" ? work.tables.map(({ plan }) => plan.table.name) : [],
  );
}

test("a few small tables stay tasks of their own", () => {
  const tasks = many(9);
  expect(batchSmallTables(tasks, 4)).toEqual(tasks);
});

test("of many, each is in one batch, with its keys, and nothing else is left of it", () => {
  const tasks = batchSmallTables(many(200), 4);
  const names = batchedNames(tasks);
  expect([...names].sort()).toEqual(Array.from({ length: 200 }, (_, n) => `t${n}`).sort());
  expect(tasks.every(({ id }) => id.startsWith("small:"))).toBe(true);
  const statements = tasks.flatMap(({ work }) =>
    work.do === "small_tables"
      ? work.tables.flatMap(({ scripts }) => scripts.flatMap((script) => script.statements))
      : [],
  );
  expect(new Set(statements).size).toBe(200);
  expect(tasks.length).toBeGreaterThanOrEqual(8);
});

test("a batch locks its tables alone, and holds no more than 50 of them or 1 MB", () => {
  for (const task of batchSmallTables(many(2_000), 1)) {
    if (task.work.do !== "small_tables") continue;
    expect(task.locks?.exclusive).toEqual(
      task.work.tables.map(({ plan }) => String(plan.table.oid)),
    );
    expect(task.work.tables.length).toBeLessThanOrEqual(50);
    expect(task.bytes).toBeLessThanOrEqual(KB * KB);
  }
});

test("whoever needed a copy or its keys needs the batch", () => {
  const foreignKey = newTask("fk", "foreign_key", "fk", {
    needs: [PRE_DATA, "indexes:t3", "copy:t3", "copy:t11"],
  });
  const tasks = batchSmallTables([...many(12), foreignKey], 1);
  const batchOf = (name: string) =>
    tasks.find(
      ({ work }) =>
        work.do === "small_tables" && work.tables.some(({ plan }) => plan.table.name === name),
    )?.id;
  const found = tasks.find(({ id }) => id === "fk");
  expect(new Set(found?.needs)).toEqual(new Set([PRE_DATA, batchOf("t3"), batchOf("t11")]));
});

test("large tables, and keys that wait for something else, stay as they are", () => {
  const other = newTask("other", "post_data", "other", { needs: [PRE_DATA] });
  const tasks = batchSmallTables(
    [...many(20), ...tableTasks(50, 200 * KB), ...tableTasks(51, 16 * KB, ["other"]), other],
    4,
  );
  const ids = tasks.map(({ id }) => id);
  expect(ids).toContain("copy:t50");
  expect(ids).toContain("indexes:t50");
  expect(batchedNames(tasks)).toContain("t51");
  expect(ids).not.toContain("copy:t51");
  const keys = tasks.find(({ id }) => id === "indexes:t51");
  expect(keys?.needs).toContain("other");
  expect(keys?.needs.some((need) => need.startsWith("small:"))).toBe(true);
});

test("who only waits for the end of a copy waits for that of its batch", () => {
  const release = newTask("release", "release_snapshot", "let go", {
    after: ["copy:t0", "copy:t1", "copy:t19"],
  });
  const tasks = batchSmallTables([...many(20), release], 4);
  const batches = tasks.filter(({ id }) => id.startsWith("small:")).map(({ id }) => id);
  const after = tasks.find(({ id }) => id === "release")?.after ?? [];
  expect(after).toEqual([batches[0], batches.at(-1)]);
});
