/** Plans of written dumps, with questions about their tasks: who waits for whom, who shuts out whom. */

import type { Catalog } from "../../src/catalog/catalog.js";
import { type ClonePlan, type PlanOptions, planClone } from "../../src/plan/clone-plan.js";
import type { CloneTask } from "../../src/plan/task.js";
import { remainingPaths } from "../../src/run/graph-order.js";
import { splitScript } from "../../src/schema/split-script.js";
import { catalogOf, type Details } from "./invented-catalog.js";
import { conflict } from "./simulated-graph.js";

/** One entry of a dump; what is not said follows from its statements. */
export interface WrittenEntry {
  readonly sql: string;
  /** The dump ids of others: the first entry has the id 1. */
  readonly needs?: readonly number[];
}

export interface PlanInput extends Partial<PlanOptions> {
  readonly details?: Details;
  /** The last word on the catalog. */
  readonly catalog?: (catalog: Catalog) => Catalog;
}

export const defaultOptions: PlanOptions = {
  copyFormat: "auto",
  splitTablesLargerThan: undefined,
  keyBounds: new Map(),
  tableRows: new Map(),
  skipAnalyze: false,
  verify: undefined,
  targetVersion: 160_004,
  pgDumpMajor: 16,
  noAcl: false,
  tableJobs: 4,
};

/** Plans a dump of these entries, in this order. */
export async function planEntries(
  entries: readonly (string | WrittenEntry)[],
  input: PlanInput = {},
): Promise<PlannedSchema> {
  return await planScript(writtenDump(entries), input);
}

export async function planScript(script: string, input: PlanInput = {}): Promise<PlannedSchema> {
  const { details, catalog: change = (catalog) => catalog, ...options } = input;
  const schema = await splitScript(script);
  const catalog = change(catalogOf(schema, details));
  return new PlannedSchema(planClone(catalog, schema, { ...defaultOptions, ...options }));
}

export class PlannedSchema {
  readonly plan: ClonePlan;
  readonly #byId: ReadonlyMap<string, CloneTask>;

  /** Throws for a plan whose tasks wait for each other in a circle. */
  constructor(plan: ClonePlan) {
    remainingPaths(plan.tasks);
    this.plan = plan;
    this.#byId = new Map(plan.tasks.map((task) => [task.id, task]));
  }

  get ids(): string[] {
    return [...this.#byId.keys()];
  }

  task(id: string): CloneTask {
    const found = this.#byId.get(id);
    if (found === undefined) throw new Error(`no task ${id}; there are: ${this.ids.join(", ")}`);
    return found;
  }

  /** The one task that runs a statement with these words. */
  running(words: string): CloneTask {
    const found = this.plan.tasks.filter((task) =>
      statementsOf(task).some((statement) => statement.includes(words)),
    );
    if (found.length !== 1)
      throw new Error(
        `${found.length} tasks run ${words}: ${found.map(({ id }) => id).join(", ")}`,
      );
    return found[0] as CloneTask;
  }

  /** Whether a task starts only after another is done, directly or because of others in between. */
  waitsFor(task: CloneTask, other: CloneTask, seen = new Set<string>()): boolean {
    return [...task.needs, ...(task.after ?? [])].some((id) => {
      if (id === other.id) return true;
      if (seen.has(id)) return false;
      seen.add(id);
      return this.waitsFor(this.task(id), other, seen);
    });
  }

  /** How two tasks stand to each other; an earlier one is done before the later one starts. */
  relation(a: CloneTask, b: CloneTask): "after" | "before" | "never together" | "together" {
    if (this.waitsFor(a, b)) return "after";
    if (this.waitsFor(b, a)) return "before";
    return conflict(a, b) ? "never together" : "together";
  }
}

export function statementsOf(task: CloneTask): readonly string[] {
  const { work } = task;
  if (work.do === "scripts") return work.scripts.flatMap((script) => script.statements);
  if (work.do !== "small_tables") return [];
  return work.tables.flatMap(({ scripts }) => scripts.flatMap((script) => script.statements));
}

/** A dump as pg_dump writes it: entry n has the dump id n, and its object the OID 16000 + 10 n. */
export function writtenDump(entries: readonly (string | WrittenEntry)[]): string {
  const written = entries.map((entry, i) => {
    const { sql, needs = [] } = typeof entry === "string" ? { sql: entry } : entry;
    const classOid = classOf(sql);
    const oid = classOid === 0 ? 0 : 16_000 + 10 * (i + 1);
    const dependencies = needs.length > 0 ? `-- Dependencies: ${needs.join(" ")}\n` : "";
    const title = sql.replace(/\s+/g, " ").slice(0, 60);
    return `--
-- TOC entry ${i + 1} (class ${classOid} OID ${oid})
${dependencies}-- Name: ${title}; Type: THING; Schema: public; Owner: postgres
--

${sql};


`;
  });
  return `--
-- PostgreSQL database dump
--

SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);

${written.join("")}--
-- PostgreSQL database dump complete
--

`;
}

/** The system catalogs whose entries the plan looks up; all others are one to it. */
function classOf(sql: string): number {
  if (
    /^(comment|grant|revoke|alter default|alter index \S+ attach|alter table only \S+ attach)/.test(
      sql,
    )
  )
    return 0;
  if (
    /^create (unique )?index|^create (unlogged )?table|^create materialized|^create sequence/.test(
      sql,
    )
  )
    return 1259;
  return /^alter table .*add constraint/s.test(sql) ? 2606 : 1255;
}
