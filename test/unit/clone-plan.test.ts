/** Plans of real dumps: nothing is lost, nothing runs twice, and any order that the graph allows is right. */

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { type PlanOptions, planClone } from "../../src/plan/clone-plan.js";
import type { CloneTask } from "../../src/plan/task.js";
import type { SchemaScript, TocEntry } from "../../src/plan/toc.js";
import { splitScript } from "../../src/schema/split-script.js";
import { catalogOf, type Details } from "./invented-catalog.js";
import { defaultOptions, PlannedSchema, statementsOf } from "./planned-schema.js";
import { SeededRandom, seeds } from "./seeded-random.js";
import { simulate } from "./simulated-graph.js";

const dumps = ["pg15", "pg13", "pg18-bundled", "storage", "empty"] as const;

describe.each(dumps)("the dump %s", (name) => {
  let schema: SchemaScript;
  beforeAll(async () => {
    const file = new URL(`../fixtures/dumps/${name}.sql`, import.meta.url);
    schema = await splitScript(readFileSync(file, "utf8"));
  });

  const planned = (bytes: number, rest: Partial<PlanOptions> = {}) => {
    const tables = catalogOf(schema).tables;
    const details: Details = Object.fromEntries(tables.map((table) => [table.name, { bytes }]));
    // Of the newest version, so that no privilege is left out.
    const options = { ...defaultOptions, targetVersion: 180_000, pgDumpMajor: 18, ...rest };
    return new PlannedSchema(
      planClone(catalogOf(schema, details), schema, { ...options, verify: "count" }),
    );
  };
  const sizes: readonly [string, number, Partial<PlanOptions>][] = [
    ["small tables", 8192, {}],
    ["small tables, each by itself", 8192, { keepGoing: true }],
    ["large tables", 2 ** 27, {}],
  ];

  test.each(sizes)("runs every statement once: %s", (_, bytes, rest) => {
    const { plan } = planned(bytes, { without: new Set(["merged-keys"]), ...rest });
    const attached = new Set(
      plan.indexes
        .filter(({ method }) => method === "built, then attached with USING INDEX")
        .map(({ name }) => name),
    );
    const expected = schema.entries.flatMap((entry) =>
      entry.statements
        .filter(({ constraint }) => !attached.has(constraint?.name ?? ""))
        .map(({ sql }) => sql),
    );
    const ours = /^CREATE UNIQUE INDEX .*…|^alter table only .* using index |^refresh /;
    const found = [
      ...plan.tasks.flatMap(statementsOf),
      ...plan.finish.flatMap((script) => script.statements),
    ].filter((sql) => !ours.test(sql));
    expect(found.sort()).toEqual(expected.sort());
    const finished = plan.tasks.flatMap(statementsOf).filter((sql) => ours.test(sql));
    const views = plan.tasks.filter(({ kind }) => kind === "refresh");
    expect(finished).toHaveLength(2 * attached.size + views.length);
  });

  test.each(sizes)(
    "keeps what depends on each other in order, however long all takes: %s",
    async (_, bytes, rest) => {
      const { plan } = planned(bytes, rest);
      for (const seed of seeds(3)) {
        const random = new SeededRandom(seed);
        const tasks = plan.tasks.map((task) => ({ ...task, duration: random.between(0, 50) }));
        const run = await simulate(tasks, { pools: { tables: 4, indexes: 4, control: 1 } });
        expect(run).toMatchObject({ violations: [], thrown: undefined });
        const order = statementOrder(run.done, plan.tasks);
        expect(outOfOrder(schema.entries, order)).toEqual([]);
      }
    },
  );
});

/** At which place each statement ran. */
function statementOrder(done: readonly string[], tasks: readonly CloneTask[]): Map<string, number> {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const statements = done.flatMap((id) => statementsOf(byId.get(id) as CloneTask));
  return new Map(statements.map((sql, place) => [sql, place]));
}

/** Entries that ran before one that their heading says they depend on. */
function outOfOrder(entries: readonly TocEntry[], order: ReadonlyMap<string, number>): string[] {
  const place = (entry: TocEntry) => order.get(entry.statements[0]?.sql ?? "");
  return entries.flatMap((entry) =>
    entry.dependencies.flatMap((id) => {
      const needed = entries.find(({ dumpId }) => dumpId === id);
      const [own, other] = [place(entry), needed === undefined ? undefined : place(needed)];
      if (own === undefined || other === undefined || other < own) return [];
      return [`${entry.title} ran before ${needed?.title}`];
    }),
  );
}
