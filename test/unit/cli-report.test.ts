import { expect, test } from "vitest";
import { displayWidth } from "../../src/cli/display-width.js";
import { estimateLines } from "../../src/cli/estimate-lines.js";
import type {
  CloneReport,
  Estimate,
  EstimatedTask,
  PingReport,
  PlanReport,
} from "../../src/cli/library.js";
import { listLines } from "../../src/cli/list-command.js";
import { reportStyle, reportWidth, tableWidth } from "../../src/cli/output.js";
import { pingLines } from "../../src/cli/ping-command.js";
import { planLines } from "../../src/cli/plan-report.js";
import { reportLines } from "../../src/cli/report.js";

const nowhere = { write: () => true };
const style = reportStyle({ stdout: nowhere, stderr: nowhere, environment: {} });
/** On a terminal of so many columns. */
const onTerminal = (columns: number) => ({
  ...style,
  width: Math.min(columns - 1, 79),
  tableWidth: columns - 1,
});
const MB = 1024 * 1024;

function table(name: string, fields: Partial<CloneReport["tables"][number]> = {}) {
  return {
    schema: "public",
    name,
    rows: 3_000_000,
    bytes: 400 * MB,
    durationMs: 4200,
    parts: 1,
    format: "binary" as const,
    formatReason: "both ends agree on every column's binary form",
    freeze: true,
    ...fields,
  };
}

function cloneReport(fields: Partial<CloneReport> = {}): CloneReport {
  const tables = [
    table("orders", { parts: 8, freeze: false }),
    table("a_table_with_a_name_that_is_as_long_as_a_name_can_be_in_postgres"),
    table("注文"),
    table("audited", {
      format: "text",
      formatReason: "column audited is a regclass",
      rows: 3,
      bytes: 120,
      durationMs: 0,
    }),
  ];
  const indexes = [
    { schema: "public", name: "orders_customer_idx", table: "public.orders", durationMs: 900 },
  ];
  return {
    source: "postgres://me@old.example.com/shop",
    target: "postgres://me@new.example.com/shop",
    sourceVersion: "15.8",
    targetVersion: "18.0",
    snapshot: "00000003-0000001B-1",
    pgDump: { kind: "bundled", version: "18.1" },
    durationMs: 14_200,
    estimatedSeconds: 12.5,
    pgcopyVersion: "0.1.0",
    startedAt: "2026-03-01T02:03:04.000Z",
    options: {},
    tasks: [],
    throughput: { intervalMs: 100, bytes: [] },
    retries: [],
    databaseCreated: true,
    rolesCreated: [],
    steps: [
      { step: "connect", beganMs: 0, durationMs: 20 },
      { step: "read catalog", beganMs: 20, durationMs: 110 },
      { step: "copy and build", beganMs: 130, durationMs: 13_000 },
    ],
    work: [
      { kind: "pre_data", tasks: 3, durationMs: 120 },
      { kind: "copy", tasks: 11, durationMs: 31_000 },
    ],
    rows: 9_000_003,
    bytes: 1200 * MB,
    tables,
    largeObjects: { count: 0, bytes: 0, durationMs: 0 },
    indexes,
    slowestTables: tables,
    slowestIndexes: indexes,
    sequences: 5,
    warnings: [`the role reader can't be created: ${"x".repeat(100)}`],
    jobs: { tableJobs: 8, indexJobs: 4 },
    threads: 1,
    ...fields,
  };
}

const pingReport: PingReport = {
  endpoint: "postgres://me@new/shop",
  serverVersion: "18.0",
  database: "shop",
  user: "me",
  superuser: true,
  latencyMs: 1.23,
  connectMs: 23.4,
  tls: false,
  inRecovery: false,
  databaseBytes: 400 * MB,
  connections: { used: 7, max: 100 },
};

test("the report says what was copied, how fast, in which formats and why", () => {
  const lines = reportLines(cloneReport(), style);
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80);
  const text = lines.join("\n");
  expect(text).toContain(
    "Copied postgres://me@old.example.com/shop (PostgreSQL 15.8)\n    to postgres://me@new.example.com/shop (PostgreSQL 18.0), database created\n",
  );
  expect(text).toContain(
    "4 tables, 9,000,003 rows, 1.2 GB, 1 index, 5 sequences in 14 s (85 MB/s)\n",
  );
  expect(text).toContain("connect 20 ms, read catalog 110 ms, copy and build 13 s");
  expect(text).toContain("copy 31 s, pre data 120 ms, summed over the jobs");
  expect(text).toContain("8 table jobs, 4 index jobs, pg_dump 18.1 (bundled)");
  expect(reportLines(cloneReport({ threads: 2 }), style).join("\n")).toContain(
    "8 table jobs, 4 index jobs, 2 threads, pg_dump 18.1 (bundled)",
  );
  expect(text).toMatch(/public\.orders +3,000,000 +400 MB +4\.2 s +95 MB\/s +8 {2}binary\n/);
  expect(text).toMatch(/public\.orders_customer_idx +public\.orders +900 ms/);
  expect(text).toContain("binary  3 tables: both ends agree on every column's binary form\n");
  expect(text).toContain("text    public.audited: column audited is a regclass");
  expect(text).not.toContain("Verif");
});

test.each([20, 40, 60])("nothing of a report is wider than a terminal of %i columns", (columns) => {
  const narrow = { ...onTerminal(columns), verbose: true };
  const verification = { mode: "checksum" as const, tables: 17, largeObjects: 0, mismatches: [] };
  const conflicts = ["table public.a_table_with_a_long_name_of_its_own"];
  const lines = [
    ...reportLines(cloneReport({ verification }), narrow),
    ...planLines(planReport({ conflicts, databaseToCreate: "shop" }), narrow),
    ...pingLines(pingReport, columns - 1),
  ];
  expect(lines.filter((line) => displayWidth(line) >= columns)).toEqual([]);
  expect(lines.join("\n")).toMatch(/^ {2}table +.*time/m);
});

test("where there is little room a table loses columns, not the names of what is in it", () => {
  const text = reportLines(cloneReport(), onTerminal(60)).join("\n");
  expect(text).toMatch(/^ {2}public\.orders +3,000,000 +400 MB +4\.2 s +95 MB\/s$/m);
});

test("a wide terminal shows the plan's names whole, and its text no wider than it reads well", () => {
  const name = "measurements_of_the_third_quarter_by_station_and_hour_of_the_day";
  const long = { schema: "warehouse", name };
  const index = { ...long, name: `${name.slice(0, 55)}_pkey`, table: long, kind: "primary key" };
  const plan = planReport({
    tables: [{ ...table("x"), ...long, estimatedRows: 1 }],
    indexes: [{ ...index, method: "built, then attached with USING INDEX" }],
  } as unknown as Partial<PlanReport>);
  const lines = planLines(plan, { ...onTerminal(220), verbose: false });
  const text = lines.join("\n");
  expect(text).toContain(`  warehouse.${name}  `);
  expect(text).toContain(`  warehouse.${index.name}  warehouse.${name}  primary key  built, then`);
  for (const line of lines.filter((one) => !one.includes("_the_")))
    if (!/^ {2}(table|index) /.test(line)) expect(displayWidth(line)).toBeLessThan(80);
  expect(planLines(plan, { ...onTerminal(80), verbose: false }).join("\n")).not.toContain(name);
});

test("a terminal that doesn't know its size is taken for one of 80 columns", () => {
  const write = () => true;
  expect(reportWidth({ write, isTTY: true, columns: 0 })).toBe(79);
  expect(reportWidth({ write, isTTY: true, columns: 40 })).toBe(39);
  expect(reportWidth({ write })).toBe(80);
  expect(tableWidth({ write, isTTY: true, columns: 0 })).toBe(79);
  expect(tableWidth({ write })).toBe(80);
});

test("tables in text format are named, grouped by the reason", () => {
  const tables = ["a", "b", "c", "d", "e", "f", "g"].map((name) =>
    table(name, {
      format: "text",
      formatReason: name < "g" ? "column k is a regclass" : "extension type",
    }),
  );
  const text = reportLines(cloneReport({ tables }), style).join("\n");
  expect(text.replace(/\n +/g, " ")).toContain(
    "text    7 tables: public.a, public.b, public.c, public.d and 2 more (column k is a regclass); public.g (extension type)",
  );
});

test("what was verified is said, and by which means", () => {
  const right = cloneReport({
    verification: { mode: "checksum", tables: 17, largeObjects: 0, mismatches: [] },
  });
  expect(reportLines(right, style)).toContain(
    "Verified by checksum: 17 tables are the same on both ends.",
  );
  const counted = cloneReport({
    verification: { mode: "count", tables: 1, largeObjects: 3, mismatches: [] },
  });
  expect(reportLines(counted, style)).toContain(
    "Verified by row count: 1 table and 3 large objects are the same on both ends.",
  );
});

test("an empty database has a short report", () => {
  const empty = {
    rows: 0,
    bytes: 0,
    tables: [],
    indexes: [],
    slowestTables: [],
    slowestIndexes: [],
    sequences: 0,
    warnings: [],
  };
  const text = reportLines(cloneReport(empty), style).join("\n");
  expect(text).toContain("0 tables, 0 rows, 0 B, 0 indexes, 0 sequences in 14 s");
  expect(text).not.toMatch(/Slowest|Formats|Warnings/);
});

function estimated(
  kind: EstimatedTask["kind"],
  label: string,
  beganSeconds: number,
  seconds: number,
): EstimatedTask {
  return { id: label, kind, label, beganSeconds, seconds };
}

function planReport(fields: Partial<PlanReport> = {}): PlanReport {
  return {
    source: "postgres://me@old/shop",
    target: "postgres://me@new/shop",
    sourceVersion: "15.8",
    targetVersion: "18.0",
    rolesToCreate: [],
    pgDump: { kind: "local", path: "/usr/lib/postgresql/18/bin/pg_dump", version: "18.1" },
    tables: [
      {
        schema: "public",
        name: "small",
        bytes: 8192,
        estimatedRows: 3,
        parts: 1,
        format: "binary",
        formatReason: "all agree",
        freeze: false,
      },
      {
        schema: "public",
        name: "orders",
        bytes: 400 * MB,
        estimatedRows: 3_000_000,
        parts: 8,
        format: "binary",
        formatReason: "all agree",
        freeze: false,
      },
    ],
    largeObjects: { count: 0, bytes: 0 },
    indexes: [
      {
        schema: "public",
        name: "orders_pkey",
        table: { schema: "public", name: "orders" },
        kind: "primary key",
        method: "built, then attached with USING INDEX",
      },
    ],
    tasks: [
      {
        id: "c",
        kind: "copy",
        label: "COPY public.orders (part 1 of 8)",
        needs: ["a", "b"],
        cost: 1.5,
      },
    ],
    jobs: { tableJobs: 8, indexJobs: 4 },
    threads: 1,
    sequences: 0,
    bytes: 401 * MB,
    estimatedSeconds: 725,
    estimate: {
      seconds: 725,
      fastestSeconds: 540,
      slowestSeconds: 1300,
      assumed: {
        cores: 8,
        coresAre: "as many as jobs",
        roundTripMs: { source: 0.4, target: 12 },
        besideTasksSeconds: 4,
      },
      boundBy: "longest path",
      criticalPath: [
        estimated("pre_data", "create 2 tables", 3, 1),
        estimated("copy", "COPY public.orders (part 1 of 8)", 4, 420),
        estimated("index", "CREATE UNIQUE INDEX public.orders_pkey", 424, 300),
        estimated("constraint", "attach public.orders_pkey to public.orders", 724, 0.001),
      ],
    },
    warnings: [],
    refusals: [],
    conflicts: [],
    ...fields,
  };
}

test("the plan shows tables, indexes and an estimate, and tasks on request", () => {
  const lines = planLines(planReport({ databaseToCreate: "shop" }), { ...style, verbose: false });
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80);
  const text = lines.join("\n");
  expect(text).toContain("Creates the database shop.");
  expect(text).toContain(
    "2 tables, about 401 MB, 1 index, 0 sequences, 1 task; about 12 min 5 s with 8\ntable jobs and 4 index jobs",
  );
  expect(text.replaceAll(/\s+/g, " ")).toContain(
    "Estimate The longest chain of tasks takes 12 min 5 s: 1.0 s creating tables, 7 min 0 s copying, 5 min 0 s building indexes, 4.0 s before and after it. All other tasks run beside it. " +
      "Its longest tasks: COPY public.orders (part 1 of 8) (7 min 0 s), then CREATE UNIQUE INDEX public.orders_pkey (5 min 0 s); more jobs would not make it shorter, more cores would. " +
      "Reckoned for 8 cores (as many as jobs) and round trips of 0.4 ms to the source and 12 ms to the target; on two cores, 21 min 40 s; with a core for each task that runs, 9 min 0 s.",
  );
  const inThreads = planLines(planReport({ threads: 2 }), { ...style, verbose: false });
  expect(inThreads.join("\n")).toContain("with 8\ntable jobs, 4 index jobs and 2 threads");
  expect(text).toMatch(/public\.orders +3,000,000 +400 MB +8 {2}binary\n {2}public\.small/);
  expect(text).toMatch(/public\.orders_pkey +public\.orders +primary key +built, then/);
  expect(text).not.toMatch(/^Tasks$/m);
  const verbose = planLines(planReport(), { ...style, verbose: true }).join("\n");
  expect(verbose).toMatch(/COPY public\.orders \(part 1 of 8\) +1\.5 s +2$/m);
});

test("the plan's estimate names other numbers of cores only where they change it", () => {
  const { estimate } = planReport();
  const two = { ...estimate, slowestSeconds: 725, fastestSeconds: 725 };
  const words = (given: Estimate) => estimateLines(given, 80).join(" ").replaceAll(/\s+/g, " ");
  expect(words(two)).toMatch(/12 ms to the target\.$/);
  expect(words(two)).toContain("; more jobs or cores would not make it shorter.");
  expect(words({ ...two, boundBy: "cores" })).toContain("; more cores would make it shorter,");
});

test("the plan names what is in the way", () => {
  const conflicts = Array.from({ length: 25 }, (_, n) => `table public.t${n}`);
  const text = planLines(planReport({ conflicts }), { ...style, verbose: false }).join("\n");
  expect(text).toContain(
    "In the way: clone would refuse (--drop-if-exists drops these first)\n  table public.t0\n",
  );
  expect(text).toContain("  and 5 more (--verbose shows them all)");
});

test("a list is aligned, with numbers to the right and sizes in words", () => {
  expect(
    listLines([
      {
        schema: "public",
        name: "orders",
        estimatedRows: 3_000_000,
        bytes: 400 * MB,
        partitioned: true,
      },
      { schema: "public", name: "a\nb", estimatedRows: null, bytes: 8192, partitioned: false },
    ]),
  ).toEqual([
    "schema  name    estimated rows    size  partitioned",
    "public  orders       3,000,000  400 MB  yes",
    "public  a\\nb                    8.0 kB  no",
  ]);
});

test("on a terminal the longest names of a list are cut, numbers never", () => {
  const lines = listLines(
    [{ name: "n".repeat(100), definition: "d".repeat(100), bytes: 1024 ** 3 }],
    60,
  );
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(60);
  expect(lines[1]).toContain("…");
  expect(lines[1]).toMatch(/ 1\.0 GB$/);
});

test("ping says what it reached", () => {
  expect(pingLines(pingReport)).toEqual([
    "postgres://me@new/shop answers in 1.2 ms",
    "  connecting   23 ms, without TLS",
    "  server       PostgreSQL 18.0, takes writes",
    "  database     shop, 400 MB",
    "  user         me, a superuser",
    "  connections  7 of 100 in use",
  ]);
});
