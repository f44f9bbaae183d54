/** Large objects without a server: how they are cut into tasks, and the statements that describe them. */

import { describe, expect, test } from "vitest";
import type { LargeObjectRange, LargeObjects } from "../../src/catalog/large-objects.js";
import { describeLargeObjects, largeObjectRoles } from "../../src/load/check-large-objects.js";
import type { LargeObjectPrivilege } from "../../src/load/large-object-details.js";
import { createStatements, describeTransactions } from "../../src/load/large-object-statements.js";
import { planClone } from "../../src/plan/clone-plan.js";
import { largeObjectCondition } from "../../src/plan/large-object-rows.js";
import { planLargeObjects } from "../../src/plan/large-objects.js";
import type { CloneTask } from "../../src/plan/task.js";
import type { TocEntry } from "../../src/plan/toc.js";
import { runGraph } from "../../src/run/graph.js";
import { inventCatalog } from "./invented-catalog.js";

const MB = 1024 * 1024;
const GB = 1024 * MB;
const options = { tableJobs: 4, verify: undefined };

function objects(ranges: readonly LargeObjectRange[], rest: Partial<LargeObjects> = {}) {
  const count = ranges.reduce((sum, range) => sum + range.count + range.large.length, 0);
  const unreadable = { count: 0, oids: [] };
  return { count, access: "chunks", unreadable, roles: [], ranges, ...rest } as const;
}

/** `thousands` ranges of a thousand objects each, one after the other. */
function thousands(many: number, bytesOfEach: number): LargeObjectRange[] {
  return Array.from({ length: many }, (_, i) => {
    const from = 20_000 + i * 1000;
    return { from, to: from + 999, count: 1000, bytes: 1000 * bytesOfEach, large: [] };
  });
}

/** What each copy selects, and which step it does. */
function selections(tasks: readonly CloneTask[]) {
  return tasks.flatMap(({ work }) =>
    work.do === "large_objects" ? [{ step: work.step, ...work.objects }] : [],
  );
}

describe("the plan", () => {
  test("of none is nothing at all", () => {
    expect(planLargeObjects(objects([]), { ...options, verify: "count" })).toEqual({
      count: 0,
      bytes: 0,
      copies: [],
      verifies: [],
    });
  });

  test("puts neighbours together while all jobs have enough to do", () => {
    const { copies, count, bytes } = planLargeObjects(objects(thousands(40, 100)), options);
    expect({ count, bytes }).toEqual({ count: 40_000, bytes: 4_000_000 });
    const ranges = selections(copies);
    expect(ranges).toHaveLength(20);
    expect(ranges[0]).toEqual({ step: "all", by: "range", from: 20_000, to: 21_999, except: [] });
    expect(ranges.at(-1)).toMatchObject({ from: 58_000, to: 59_999 });
    expect(copies.map(({ label }) => label).slice(0, 2)).toEqual([
      "prepare for large objects",
      "COPY large objects 20000 to 21999",
    ]);
  });

  test("holds a batch to a size, too", () => {
    const { copies } = planLargeObjects(objects(thousands(20, 50_000)), options);
    expect(selections(copies)).toHaveLength(20);
  });

  test("cuts a large one into parts, without a gap, and describes it at the end", () => {
    const large = [{ oid: 70_001, bytes: 200 * MB - 5 }];
    const range = { from: 70_000, to: 70_002, count: 2, bytes: 10, large };
    const { copies, count } = planLargeObjects(objects([range]), options);
    expect(count).toBe(3);
    expect(selections(copies)).toEqual([
      { step: "all", by: "range", from: 70_000, to: 70_002, except: [70_001] },
      { step: "create", by: "oid", oids: [70_001] },
      ...[0, 1, 2, 3].map((i) => ({
        step: "fill",
        by: "oid",
        oids: [70_001],
        bytes: { from: i * 64 * MB, to: i === 3 ? undefined : (i + 1) * 64 * MB },
      })),
      { step: "describe", by: "oid", oids: [70_001] },
    ]);
    const described = copies.at(-1);
    expect(described?.needs).toEqual(copies.slice(3, 7).map(({ id }) => id));
    expect(copies.slice(3, 7).map(({ bytes }) => bytes)).toEqual([
      64 * MB,
      64 * MB,
      64 * MB,
      8 * MB - 5,
    ]);
  });

  test("leaves no batch where all of a range is large", () => {
    const large = [{ oid: 70_001, bytes: 100 * MB }];
    const range = { from: 70_001, to: 70_001, count: 0, bytes: 0, large };
    const { copies } = planLargeObjects(objects([range]), options);
    expect(selections(copies).map(({ step }) => step)).toEqual([
      "create",
      "fill",
      "fill",
      "describe",
    ]);
  });

  test.each<[string, LargeObjectRange[]]>([
    ["ten million small ones", thousands(10_000, 2000)],
    [
      "some of 4 TB",
      [1, 2, 3].map((oid) => ({
        from: oid,
        to: oid,
        count: 0,
        bytes: 0,
        large: [{ oid, bytes: 4096 * GB }],
      })),
    ],
    [
      "a hundred thousand of 65 MB",
      thousands(100, 0).map((range) => ({
        ...range,
        count: 0,
        large: Array.from({ length: 1000 }, (_, i) => ({ oid: range.from + i, bytes: 65 * MB })),
      })),
    ],
  ])("has a bounded number of tasks: %s", async (_, ranges) => {
    const { copies, verifies, count } = planLargeObjects(objects(ranges), {
      ...options,
      verify: "checksum",
    });
    expect(count).toBe(objects(ranges).count);
    expect(copies.length).toBeLessThan(2000);
    const done: string[] = [];
    await runGraph([...copies, ...verifies], {
      pools: { tables: 4, control: 1 },
      signal: new AbortController().signal,
      execute: async ({ id }) => void done.push(id),
    });
    expect(new Set(done).size).toBe(copies.length + verifies.length);
  });

  test("compares each object once, after it is described", () => {
    const large = [{ oid: 70_001, bytes: 200 * MB }];
    const range = { from: 70_000, to: 70_002, count: 2, bytes: 10, large };
    const { copies, verifies } = planLargeObjects(objects([range]), {
      ...options,
      verify: "count",
    });
    expect(verifies.map(({ label, needs }) => [label, ...needs])).toEqual([
      ["verify large objects 70000 to 70002", copies[1]?.id],
      ["verify large object 70001", copies.at(-1)?.id],
    ]);
  });
});

describe("in the plan of a clone", () => {
  const acl = (sql: string): TocEntry => ({
    dumpId: 7,
    classOid: 0,
    oid: 0,
    dependencies: [],
    title: "DEFAULT ACL",
    section: "acl",
    statements: [{ kind: "acl", sql, roles: [], relations: [], creates: false }],
    settings: {},
  });
  const planned = (sql: string) => {
    const catalog = inventCatalog({ tables: [], largeObjects: objects(thousands(1, 10)) });
    return planClone(
      catalog,
      { preamble: [], entries: [acl(sql)] },
      {
        copyFormat: "auto",
        splitTablesLargerThan: undefined,
        keyBounds: new Map(),
        tableRows: new Map(),
        skipAnalyze: false,
        verify: "checksum",
        targetVersion: 180_000,
        pgDumpMajor: 18,
        noAcl: false,
        tableJobs: 4,
      },
    );
  };
  const needsOf = (sql: string, id: string) =>
    planned(sql).tasks.find((task) => task.id === id)?.needs ?? [];

  test("the snapshot is held until the last is read and compared", () => {
    const { tasks } = planned("grant usage on schema a to b");
    const after = tasks.find(({ id }) => id === "release_snapshot")?.after;
    expect(after).toContain("large_objects:20000");
    expect(after).toContain("verify:large_objects:20000");
  });

  test("only default privileges of large objects wait for them", () => {
    const defaults = 'ALTER DEFAULT PRIVILEGES FOR ROLE "a" GRANT SELECT ON LARGE OBJECTS  TO b';
    expect(needsOf(defaults, "acl")).toContain("large_objects:20000");
    const others = "ALTER DEFAULT PRIVILEGES FOR ROLE a GRANT SELECT ON TABLES  TO b";
    expect(needsOf(others, "acl")).not.toContain("large_objects:20000");
  });

  test("their bytes are part of what is to be copied", () => {
    expect(planned("grant usage on schema a to b")).toMatchObject({
      bytes: 10_000,
      largeObjects: { count: 1000, bytes: 10_000 },
    });
  });
});

test("a selection is a range without some, or a list; OIDs may be above two billion", () => {
  expect(
    largeObjectCondition({ by: "range", from: 16_384, to: 4_000_000_000, except: [] }, "m.oid"),
  ).toBe("m.oid >= '16384'::pg_catalog.oid and m.oid <= '4000000000'::pg_catalog.oid");
  expect(largeObjectCondition({ by: "range", from: 1, to: 9, except: [3, 4] }, "m.oid")).toMatch(
    / and m\.oid <> all \('\{3,4\}'::pg_catalog\.oid\[\]\)$/,
  );
  expect(largeObjectCondition({ by: "oid", oids: [7] }, "m.oid")).toBe(
    "m.oid = any ('{7}'::pg_catalog.oid[])",
  );
});

const owner = 'an "owner"';

function privileges(...acl: readonly LargeObjectPrivilege[]) {
  const group = { owner, oids: [1, 2], acl };
  const details = { groups: [group], comments: [], labels: [] };
  const statements = (noOwner: boolean) =>
    describeTransactions(details, { noOwner, noAcl: false })
      .flat()
      .map(({ sql }) => sql);
  return { statements: statements(false), withoutOwner: statements(true) };
}

const granted = (
  grantee: string | null,
  privilege: string,
  rest: Partial<LargeObjectPrivilege> = {},
): LargeObjectPrivilege => ({ grantee, grantor: owner, privilege, grantable: false, ...rest });

const ownersDefault = [granted(owner, "SELECT"), granted(owner, "UPDATE")];
const beOwner = 'set local role "an ""owner"""';

describe("privileges", () => {
  test("that the owner has anyway need no statement", () => {
    expect(privileges(...ownersDefault)).toEqual({ statements: [], withoutOwner: [] });
  });

  test("are granted as the owner, by one statement for all objects", () => {
    const { statements, withoutOwner } = privileges(
      ...ownersDefault,
      granted(null, "SELECT"),
      granted("nora", "SELECT", { grantable: true }),
      granted("nora", "UPDATE"),
    );
    const grants = [
      "grant select on large object 1, 2 to public",
      'grant update on large object 1, 2 to "nora"',
      'grant select on large object 1, 2 to "nora" with grant option',
    ];
    expect(statements).toEqual([
      ...[beOwner, grants[0], "reset role"],
      ...[beOwner, grants[1], grants[2], "reset role"],
    ]);
    expect(withoutOwner).toEqual(grants);
  });

  test("are granted by whom they were", () => {
    const { statements } = privileges(
      ...ownersDefault,
      granted("nora", "SELECT", { grantable: true }),
      granted("ann", "SELECT", { grantor: "nora" }),
    );
    expect(statements.slice(-3)).toEqual([
      'set local role "nora"',
      'grant select on large object 1, 2 to "ann"',
      "reset role",
    ]);
  });

  test("that the owner took from himself are taken", () => {
    const revoke = 'revoke all on large object 1, 2 from "an ""owner"""';
    expect(privileges().statements).toEqual([beOwner, revoke, "reset role"]);
    const { statements, withoutOwner } = privileges(granted(owner, "SELECT"));
    expect(statements).toEqual([
      ...[beOwner, revoke, "reset role"],
      ...[beOwner, 'grant select on large object 1, 2 to "an ""owner"""', "reset role"],
    ]);
    expect(withoutOwner).toEqual([]);
  });
});

test("objects are made in order, as each of their owners", () => {
  const groups = [
    { owner: "nora", oids: [5, 1], acl: null },
    { owner: "ann", oids: [4], acl: null },
    { owner: "nora", oids: [3], acl: [] },
  ];
  const create = (oids: string) =>
    `select count(pg_catalog.lo_create(o.oid)) from unnest('{${oids}}'::pg_catalog.oid[]) as o (oid)`;
  expect(createStatements(groups, { noOwner: false, noAcl: true })).toEqual([
    ...['set local role "nora"', create("1,3,5"), "reset role"],
    ...['set local role "ann"', create("4"), "reset role"],
  ]);
});

test("no transaction takes the locks of more than 250 objects", () => {
  const oids = Array.from({ length: 600 }, (_, i) => i);
  const comments = oids.map((oid) => ({ oid, text: "it's" }));
  const group = { owner, oids, acl: [granted(owner, "SELECT")] };
  const transactions = describeTransactions(
    { groups: [group], comments, labels: [{ oid: 7, provider: "p", text: "l" }] },
    { noOwner: false, noAcl: false },
  );
  const locked = transactions.map((statements) => {
    const named = statements.flatMap(({ sql }) => /large object ([\d, ]+)/.exec(sql)?.[1] ?? []);
    return new Set(named.flatMap((list) => list.split(", "))).size;
  });
  expect(locked).toEqual([250, 250, 250, 250, 201]);
  expect(transactions.at(-1)?.at(-1)).toEqual({
    attempted: "security label of large object 7",
    sql: `security label for "p" on large object 7 is 'l'`,
  });
});

test("of many objects the first hundred are named", () => {
  expect(describeLargeObjects([1, 2])).toEqual(["large object 1", "large object 2"]);
  const many = describeLargeObjects(
    Array.from({ length: 101 }, (_, i) => i),
    5000,
  );
  expect(many).toHaveLength(101);
  expect(many.at(-1)).toBe("and 4900 more large objects");
});

test("the roles that are needed depend on what is brought along", () => {
  const roles = [
    { name: "owns", owns: 2, named: 0, grants: false },
    { name: "reads", owns: 0, named: 3, grants: false },
    { name: "passes on", owns: 0, named: 1, grants: true },
  ];
  const needed = (noOwner: boolean, noAcl: boolean) =>
    largeObjectRoles(objects([], { roles }), { noOwner, noAcl }).map(
      ({ name, become }) => `${name}${become ? ", to become" : ""}`,
    );
  expect(needed(false, false)).toEqual(["owns, to become", "reads", "passes on, to become"]);
  expect(needed(true, false)).toEqual(["reads", "passes on, to become"]);
  expect(needed(false, true)).toEqual(["owns, to become"]);
  expect(needed(true, true)).toEqual([]);
});
