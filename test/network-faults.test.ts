/**
 * A clone whose network fails at a random byte of a random session: it ends right or says clearly what
 * happened, leaves nothing running, and can be gone on with. The seed names the case.
 */

import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CloneOptions, clone, PgCopyError } from "../src/index.js";
import { dataOf, schemaOf } from "./support/compare.js";
import type { Contents } from "./support/database-contents.js";
import { createFailpointSchema } from "./support/failpoint-schema.js";
import type { Fault } from "./support/fault-link.js";
import { type FaultProxy, type FaultRule, openFaultProxy } from "./support/fault-proxy.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";
import { expectNoSessions } from "./support/waiting.js";
import type { End } from "./support/wire-messages.js";
import { SeededRandom, seeds } from "./unit/seeded-random.js";

/** How much one end said in one session of a clone that nothing disturbed. */
interface Said {
  readonly side: "source" | "target";
  readonly connection: string;
  readonly from: End;
  readonly bytes: number;
}

const faults: readonly Fault[] = [
  { do: "cut" },
  { do: "reset" },
  { do: "stall" },
  { do: "drop", bytes: 300, cut: true },
];

let source: TestDatabase;
let expected: { readonly schema: string; readonly data: Contents };
const said: Said[] = [];
/** Holds the snapshot for all runs, so that one can go on with another. */
let holder: pg.Client;
let snapshot: string;

beforeAll(async () => {
  source = await createDatabase(server(16), "network");
  await createFailpointSchema(source, { withExtension: false });
  expected = { schema: await schemaOf(source.uri), data: await dataOf(source.uri) };
  holder = new pg.Client(source.uri);
  await holder.connect();
  await holder.query("begin isolation level repeatable read read only");
  const { rows } = await holder.query("select pg_export_snapshot() as id");
  snapshot = rows[0].id;
  await using target = await createDatabase(server(16), "network_copy");
  await using proxies = await openProxies(target);
  await clone(optionsOf(target, proxies));
  for (const side of ["source", "target"] as const)
    for (const link of proxies[side].allLinks)
      for (const from of ["client", "server"] as const)
        if (link.application !== "")
          said.push({ side, connection: link.application, from, bytes: link.sentBy(from) });
});

afterAll(async () => {
  await holder?.end();
  await source?.[Symbol.asyncDispose]();
});

interface Proxies extends AsyncDisposable {
  readonly source: FaultProxy;
  readonly target: FaultProxy;
}

async function openProxies(target: TestDatabase): Promise<Proxies> {
  const [first, second] = [
    await openFaultProxy(source.server),
    await openFaultProxy(target.server),
  ];
  return {
    source: first,
    target: second,
    [Symbol.asyncDispose]: async () => {
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    },
  };
}

function optionsOf(target: TestDatabase, proxies: Proxies): CloneOptions {
  return {
    source: proxies.source.through(source.uri),
    target: proxies.target.through(target.uri),
    pgDump: "bundled",
    snapshot,
    jobs: 2,
    // Bytes that vanish are waited for, by both ends.
    stallTimeout: 2,
  };
}

interface FaultOnSide extends FaultRule {
  readonly side: "source" | "target";
}

/** A clone through such a network; what is left of it is gone on with where it failed. */
async function expectRight({ side, ...wanted }: FaultOnSide, what: string): Promise<number> {
  await using target = await createDatabase(server(16), "network_copy");
  const proxies = await openProxies(target);
  const rule = proxies[side].rule(wanted);
  const interrupted = new AbortController();
  const stalls = wanted.fault.do === "stall";
  // Nothing tells of a stall but that it lasts: somebody has to stop the run.
  if (stalls) void rule.fired.then(() => interrupted.abort());
  const error = await clone({
    ...optionsOf(target, proxies),
    signal: AbortSignal.any([interrupted.signal, AbortSignal.timeout(20_000)]),
  }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  await proxies[Symbol.asyncDispose]();
  await expectNoSessions(source, target);
  if (error !== undefined) {
    expect(error, what).toBeInstanceOf(PgCopyError);
    const { code, advice, message } = error as PgCopyError;
    expect(rule.count, `${what}: ${message}`).toBe(1);
    // Of bytes that vanish, the rest may be waited for like in a stall.
    const may =
      wanted.fault.do === "drop" ? /^(interrupted|task_failed|connection_failed)$/ : failed;
    expect(code, `${what}: ${message}`).toMatch(stalls ? /^interrupted$/ : may);
    expect(advice, what).toBeTruthy();
    const { uri } = target;
    await clone({ source: source.uri, target: uri, pgDump: "bundled", snapshot, resume: true });
  }
  expect(await schemaOf(target.uri), what).toBe(expected.schema);
  expect(await dataOf(target.uri), what).toEqual(expected.data);
  return rule.count;
}

const failed = /^(task_failed|connection_failed|.*_unfit|schema_dump_failed)$/;

test.each(seeds(12))("a network that fails, seed %i", async (seed) => {
  const random = new SeededRandom(seed);
  const { side, connection, from, bytes } = random.pick(said);
  const fault = random.pick(faults);
  const at = { byte: random.between(1, bytes - 1) };
  const what = `${fault.do} of ${connection} on ${side}, at byte ${at.byte} of ${bytes} from the ${from}`;
  // Sessions come and go in another order: this one may say less, and never get there.
  await expectRight({ side, connection, nthConnection: 1, from, at, fault }, what);
});

const cut = { do: "cut" } as const;
const job = { side: "target", connection: "pgcopy job" } as const;
const control = { side: "target", connection: "pgcopy control" } as const;
const commitSent = { from: "client", at: { message: "Query", text: /commit\0?$/ } } as const;
const committed = { from: "server", at: { message: "CommandComplete", text: /^COMMIT/ } } as const;

/** An answer that is lost says nothing of what was done. */
test.each<[string, FaultOnSide]>([
  [
    "the rows from the source",
    {
      side: "source",
      connection: "pgcopy copy",
      from: "server",
      at: { message: "CopyData", nth: 100 },
      fault: cut,
    },
  ],
  [
    "the rows to the target",
    { ...job, from: "client", at: { message: "CopyData", nth: 3 }, fault: { do: "reset" } },
  ],
  ["the end of the rows", { ...job, from: "client", at: { message: "CopyDone" }, fault: cut }],
  ["a COMMIT that does not arrive", { ...job, ...commitSent, fault: cut }],
  ["a COMMIT whose answer does not arrive", { ...job, ...committed, fault: cut }],
  ["the second such", { ...job, ...committed, at: { ...committed.at, nth: 2 }, fault: cut }],
  ["the journal's COMMIT", { ...control, ...committed, fault: { do: "reset" } }],
  [
    "a statement of the snapshot's holder",
    {
      side: "source",
      connection: "pgcopy snapshot",
      from: "client",
      at: { message: "Query", nth: 5 },
      fault: cut,
    },
  ],
])("a network that fails at %s", async (what, fault) => {
  expect(await expectRight(fault, what), "how often it has failed").toBe(1);
});
