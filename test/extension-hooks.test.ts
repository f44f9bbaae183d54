/** What extensions want done around a restore: with a hook invented for an extension that needs none. */

import { expect, it } from "vitest";
import {
  beginJournal,
  connectServers,
  type ExtensionHook,
  fitToTarget,
  holdSnapshot,
  planClone,
  prepareTarget,
  Run,
  readSource,
  refuseObstacles,
  resolveCloneOptions,
  runTasks,
} from "../src/index.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";

/** Writes down what it sees of the target at each of its moments. */
const observing: ExtensionHook = {
  extension: "hstore",
  sourceQuery: ({ schema }) =>
    `select 'the source says ' || count(*) as words from public.t where '${schema}' = 'ext'`,
  steps: ({ schema }, rows) => {
    const note = (moment: string, seen: string) =>
      `insert into seen.log (moment, extension, seen) select '${moment}',
         (select count(*) from pg_catalog.pg_extension where extname = 'hstore' and extnamespace = '${schema}'::regnamespace), ${seen}`;
    return {
      afterCreate: [
        "create schema seen; create table seen.log (n int generated always as identity, moment text, extension int, seen text)",
        note("after create", "(select count(*) from pg_catalog.pg_tables where tablename = 't')"),
      ],
      beforeData: [
        note(
          "before data",
          "(select count(*) || ' rows, ' || current_setting('search_path') from public.t)",
        ),
        note("with rows", `'${rows[0]?.words}'`),
      ],
      finish: [
        note(
          "finish",
          "(select count(*) || ' rows, ' || (select count(*) from pg_catalog.pg_indexes where tablename = 't') || ' indexes' from public.t)",
        ),
      ],
    };
  },
};

async function cloneWith(
  hooks: readonly ExtensionHook[],
  source: TestDatabase,
  target: TestDatabase,
  more: { skipExtensions?: boolean } = {},
): Promise<void> {
  const resolved = resolveCloneOptions({ source: source.uri, target: target.uri, ...more });
  const run = new Run(resolved.signal, undefined);
  await using servers = await connectServers(resolved, run);
  const snapshot = await holdSnapshot(servers.source);
  const read = await readSource(snapshot, resolved, run, { hooks });
  const { content, obstacles } = await fitToTarget(servers, read, resolved, run);
  refuseObstacles(obstacles);
  const plan = planClone(content.catalog, content.schema, {
    ...resolved,
    keyBounds: content.keyBounds,
    tableRows: content.rowSelection.tableRows,
    targetVersion: servers.target.serverVersion,
    pgDumpMajor: content.pgDump.major,
    hooks: content.hooks,
  });
  await using prepared = await prepareTarget(servers, content, resolved, run);
  const context = { servers, snapshot, content, target: prepared, plan, resolved, run };
  const journal = await beginJournal(context);
  await runTasks(plan, { ...context, journal });
  await journal.finish(plan.finish);
}

const withTable = `create schema ext; create extension hstore schema ext;
  create table t (id int primary key, h ext.hstore); insert into t values (1, 'a=>1'), (2, null);`;

const moments = [
  { moment: "after create", extension: 1, seen: "0" },
  { moment: "before data", extension: 1, seen: '0 rows, ""' },
  { moment: "with rows", extension: 1, seen: "the source says 2" },
  { moment: "finish", extension: 1, seen: "2 rows, 1 indexes" },
];

it("runs at its moments, with what it read of the source", async () => {
  await using source = await createDatabase(server(15), "hooks");
  await source.execute(withTable);
  await using target = await createDatabase(server(16), "copy");
  await cloneWith([observing], source, target);
  expect(await target.query("select moment, extension, seen from seen.log order by n")).toEqual(
    moments,
  );
});

it("runs with --skip-extensions, too, and not without its extension on the source", async () => {
  await using source = await createDatabase(server(15), "hooks");
  await source.execute(withTable);
  await using target = await createDatabase(server(16), "copy");
  await target.execute("create schema ext; create extension hstore schema ext");
  await cloneWith([observing], source, target, { skipExtensions: true });
  expect(await target.query("select moment, extension, seen from seen.log order by n")).toEqual(
    moments,
  );

  await source.execute("drop extension hstore cascade");
  await using other = await createDatabase(server(16), "copy");
  await cloneWith([observing], source, other);
  expect(await other.query("select to_regclass('seen.log') as log")).toEqual([{ log: null }]);
});
