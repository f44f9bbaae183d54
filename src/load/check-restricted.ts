/**
 * Whether the target's role may do what not every role may: create operator classes, functions in C,
 * event triggers. On hosted servers others than superusers may do some of it, and no catalog says
 * which; so the server is asked by trying each sort once, in a transaction that is rolled back.
 */

import { PgCopyError, type ServerReport } from "../errors.js";
import type { RestrictedAct, SchemaScript, TocEntry } from "../plan/toc.js";
import type { Connection } from "../postgres/connection.js";
import { quoteName } from "../postgres/quote.js";
import { restrictedSorts } from "./restricted-sorts.js";

const INSUFFICIENT_PRIVILEGE = "42501";

const roleQuery =
  "select current_user::text as role, current_setting('is_superuser') = 'on' as superuser";

/**
 * Refuses a schema with objects that the target's role may not create.
 *
 * @throws PgCopyError `target_unfit`, with the server's reason for each sort, naming every object.
 */
export async function refuseRestrictedActs(
  target: Connection,
  { entries }: SchemaScript,
): Promise<void> {
  const wanted = wantedActs(entries);
  if (wanted.length === 0) return;
  const [row] = await target.query<{ role: string; superuser: boolean }>(
    "looking up the target's role",
    roleQuery,
  );
  if (row === undefined || row.superuser) return;
  const refused = await askServer(target, wanted);
  if (refused.length === 0) return;
  const role = quoteName(row.role);
  const named = refused.map(({ act, reason }) => {
    return `${restrictedSorts[act.sort].what(act.name)} (${reason})`;
  });
  throw new PgCopyError(`the target's role may not create ${named.join(", ")}`, {
    code: "target_unfit",
    side: "target",
    items: [...new Set(refused.flatMap(({ titles }) => titles))],
    statements: refused.flatMap(({ act }) => {
      return restrictedSorts[act.sort].grant?.(role, act.name, target.serverVersion) ?? [];
    }),
    advice: `nothing was changed; connect to the target as a superuser, or drop them on the source${withoutAcl(refused)}`,
  });
}

/** What --no-acl leaves out needs no superuser. */
function withoutAcl(refused: readonly WantedAct[]): string {
  const areGrants = refused.every(
    ({ act }) => act.sort === "session_authorization" || act.sort === "default_privileges",
  );
  return areGrants ? ", or go without privileges: --no-acl" : "";
}

interface WantedAct {
  readonly act: RestrictedAct;
  /** Of the entries that do it. */
  readonly titles: readonly string[];
}

function wantedActs(entries: readonly TocEntry[]): WantedAct[] {
  const wanted = new Map<string, { act: RestrictedAct; titles: string[] }>();
  for (const entry of entries) {
    for (const act of entry.statements.flatMap(({ restricted }) => restricted ?? [])) {
      const key = `${act.sort} ${act.name}`;
      const one = wanted.get(key) ?? { act, titles: [] };
      one.titles.push(entry.title);
      wanted.set(key, one);
    }
  }
  return [...wanted.values()];
}

interface RefusedAct extends WantedAct {
  /** The server's words. */
  readonly reason: string;
}

/** The acts that the server refuses the role; not those that fail for another cause. */
async function askServer(target: Connection, wanted: readonly WantedAct[]): Promise<RefusedAct[]> {
  const refused: RefusedAct[] = [];
  await target.execute(asking, "begin");
  try {
    const schema = await probeSchema(target);
    if (schema === undefined) return [];
    for (const one of wanted) {
      const { probe, refusals = [] } = restrictedSorts[one.act.sort];
      const failure = await failureOf(target, probe(schema, one.act.name));
      if (failure !== undefined && [INSUFFICIENT_PRIVILEGE, ...refusals].includes(failure.sqlstate))
        refused.push({ ...one, reason: failure.message.replace(/ "pgcopy_probe"/, "") });
      await target.execute(asking, "rollback to savepoint probe");
    }
    return refused;
  } finally {
    if (target.usable) await target.execute("rolling back", "rollback");
  }
}

/** Where the probes go: in a maintenance database a role may have no more than its temporary schema. */
async function probeSchema(target: Connection): Promise<string | undefined> {
  for (const [schema, sql] of [
    ["pgcopy_probe", "create schema pgcopy_probe"],
    ["pg_temp", "create type pg_temp.pgcopy_probe as ()"],
  ] as const) {
    if ((await failureOf(target, sql)) === undefined) return schema;
    await target.execute(asking, "rollback to savepoint probe");
  }
  return undefined;
}

const asking = "asking what the target's role may do";

/** What the server says against a statement; undefined if it does it. */
async function failureOf(target: Connection, sql: string): Promise<ServerReport | undefined> {
  try {
    await target.execute(asking, `savepoint probe; ${sql}`);
    return undefined;
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.server === undefined) throw error;
    return error.server;
  }
}
