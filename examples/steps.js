/**
 * The steps that `clone` consists of, one by one, with a look at what each of them found. It is the
 * way to do something in between: to look at the plan and refuse it, or to run a query of your own in
 * the same snapshot.
 *
 *     node examples/steps.js
 */

import {
  applyDatabaseProperties,
  beginJournal,
  connectServers,
  fitToTarget,
  holdSnapshot,
  planContent,
  prepareTarget,
  Run,
  readSource,
  refuseBrokenForeignKeys,
  refuseDifferences,
  refuseObstacles,
  resolveCloneOptions,
  runTasks,
} from "pgcopy";
import { withTwoServers } from "./two-servers.js";

const countTables =
  "select count(*) from pg_catalog.pg_tables where schemaname !~ '^(pg_|information_schema$)'";

await withTwoServers(async (endpoints) => {
  const resolved = resolveCloneOptions({ ...endpoints, jobs: 2 });
  const run = new Run(resolved.signal, resolved.observer);

  const servers = await connectServers(resolved, run);
  try {
    console.log(
      `connected: from ${servers.source.serverVersion} to ${servers.target.serverVersion}`,
    );

    // From here on everything that is read of the source is as it was at this moment.
    const snapshot = await holdSnapshot(servers.source);
    const [found] = await snapshot.connection.query("counting the tables", countTables);
    console.log(`snapshot ${snapshot.id}: ${found.count} tables`);

    const read = await readSource(snapshot, resolved, run);
    // What this target lacks, or its role may not create, ends the run here; what it has already stays.
    const { content, obstacles } = await fitToTarget(servers, read, resolved, run);
    refuseObstacles(obstacles);
    const { catalog, schema, pgDump } = content;
    console.log(
      `read: ${catalog.tables.length} tables, ${schema.entries.length} entries of the schema (pg_dump ${pgDump.version}, ${pgDump.kind})`,
    );

    // Pure: nothing is asked of a server, and the same input gives the same plan.
    const plan = planContent(content, servers, resolved);
    console.log(`planned: ${plan.tasks.length} tasks`);
    for (const { label, needs } of plan.tasks) console.log(`  ${label} (after ${needs.length})`);

    // Asks nothing unless rows are left out or masked.
    await refuseBrokenForeignKeys(servers, snapshot, content, run);

    // The first change: it creates the database if it is missing, and refuses if something is in the way.
    const target = await prepareTarget(servers, content, resolved, run);
    try {
      const clone = { servers, snapshot, content, plan, target, resolved, run };
      const journal = await beginJournal(clone);
      const done = await runTasks(plan, { ...clone, journal });
      await applyDatabaseProperties(target, content.attributes, resolved, run);
      await journal.finish(plan.finish);
      refuseDifferences(done.comparisons, done.largeObjectDifferences);
      const { outcomes } = done;
      const rows = outcomes.reduce((sum, outcome) => sum + outcome.rows, 0);
      console.log(`done: ${outcomes.length} tasks, ${rows} rows`);
    } finally {
      await target[Symbol.asyncDispose]();
    }
  } finally {
    await servers[Symbol.asyncDispose](); // sessions, and servers that pgcopy started
  }
});
