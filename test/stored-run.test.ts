/** What the journal keeps of a run: all of the plan, and nothing that is nobody else's to read. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { withSecretsHidden, withSecretsShown } from "../src/engine/hidden-secrets.js";
import { openStoredPlan, openStoredRun, storeRun } from "../src/engine/stored-run.js";
import {
  connectServers,
  fitToTarget,
  holdSnapshot,
  planContent,
  Run,
  readSource,
  resolveCloneOptions,
} from "../src/index.js";
import { nameObjects } from "../src/load/check-target.js";
import { createHardSchema } from "./support/hard-schema.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";

const SECRET = "pw-of-1812";

let source: TestDatabase;
let target: TestDatabase;

beforeAll(async () => {
  source = await createDatabase(server(16), "stored");
  target = await createDatabase(server(16), "stored_target");
  await createHardSchema(source);
  await source.execute(`
    create foreign data wrapper stored_wrapper;
    create server stored_server foreign data wrapper stored_wrapper options (password '${SECRET}');
    create user mapping for public server stored_server options (password '${SECRET}');
    create subscription stored_subscription connection 'host=h password=${SECRET}'
      publication p with (connect = false)`);
});

afterAll(async () => {
  for (const { name } of await source.query<{ name: string }>(
    "select quote_ident(subname) as name from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = current_database()",
  )) {
    await source.execute(
      `alter subscription ${name} set (slot_name = none); drop subscription ${name}`,
    );
  }
  await target[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
});

test("the plan of the hard schema is the same again, without its passwords in between", async () => {
  const resolved = resolveCloneOptions({
    source: source.uri,
    target: target.uri,
    mask: { "app.item.name": "md5(name || 'salt-of-1813')" },
    splitTablesLargerThan: 64 * 1024,
  });
  const run = new Run(resolved.signal, undefined);
  await using servers = await connectServers(resolved, run);
  const snapshot = await holdSnapshot(servers.source);
  const read = await readSource(snapshot, resolved, run);
  const { content } = await fitToTarget(servers, read, resolved, run);
  const plan = planContent(content, servers, resolved);
  const properties = { wanted: true, refused: new Set(["a=b"]), differences: [] };
  const stored = await storeRun({
    ...{ servers, snapshot, plan, content, resolved, pgcopyVersion: "1" },
    objects: await nameObjects(servers.source, content.schema.entries),
    target: { databaseCreated: true, rolesCreated: [], properties },
  });

  expect(stored.plan.includes(SECRET)).toBe(false);
  const opened = await openStoredRun(stored.run, stored.plan);
  expect(opened).toMatchObject({ databaseCreated: true, properties });
  expect(JSON.stringify([...opened.created])).not.toContain(SECRET);
  const again = await openStoredPlan(opened, stored.run, resolved);
  expect(JSON.stringify(again.plan.tasks)).not.toContain(SECRET);
  expect([...again.hidden].filter((sql) => /\bstored_/.test(sql))).toHaveLength(3);
  const shown = await withSecretsShown(again, () => false, {
    ...{ snapshot, resolved, signal: run.signal },
    targetVersion: servers.target.serverVersion,
  });
  expect(shown).toEqual(plan);
  expect(await withSecretsHidden(shown)).toEqual({ plan: again.plan, hidden: again.hidden });
});
