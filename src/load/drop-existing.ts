/**
 * Dropping what is in the way of a clone (`--drop-if-exists`), and nothing else. Everything goes
 * with CASCADE, as objects may stand in circles (a range type and its canonical function, two
 * tables and their foreign keys); but first the server's own record of dependencies is asked whether a
 * CASCADE would reach anything that the clone doesn't bring back. If it would, nothing is dropped.
 */

import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import type { Conflicts, ExistingObject } from "./check-target.js";
import { commit } from "./commit.js";
import { dropJournalStatement } from "./journal.js";

/** All that depends on the given objects, directly or through others, row by row of pg_depend. */
const dependentsQuery = `
with recursive reached (class, oid) as (
  select * from unnest($1::oid[], $2::oid[])
  union
  select d.classid, d.objid
  from reached r
  join pg_catalog.pg_depend d on d.refclassid = r.class and d.refobjid = r.oid
)
select d.classid::bigint::text || '.' || d.objid::bigint::text as object,
       d.refclassid::bigint::text || '.' || d.refobjid::bigint::text as "dependsOn",
       d.deptype::text as type, pg_catalog.pg_describe_object(d.classid, d.objid, 0) as description
from reached r
join pg_catalog.pg_depend d on d.classid = r.class and d.objid = r.oid`;

/** The OID of pg_user_mapping: a mapping has no life of its own beside its foreign server. */
const USER_MAPPING = "1418.";

interface Dependency extends Record<string, unknown> {
  readonly object: string;
  readonly dependsOn: string;
  /** pg_depend.deptype: with `a`, `i`, `P`, `S`, `e` the object is a part of the other and goes with it. */
  readonly type: string;
  readonly description: string;
}

/**
 * The statements that drop the objects. Looks only.
 *
 * @throws PgCopyError `target_unfit`: objects that are not to be replaced depend on some; they are listed.
 */
export async function planDrops(
  target: Connection,
  { objects, extensions }: Conflicts,
): Promise<readonly string[]> {
  if (objects.length === 0) return [];
  const dependencies = await target.query<Dependency>(
    "looking at what depends on the target's objects",
    dependentsQuery,
    [objects.map((object) => object.classOid), objects.map((object) => object.oid)],
  );
  refuseOthers(otherDependents(objects, extensions, dependencies));
  const parts = partsOf(objects, dependencies);
  // Event triggers first: any other DROP could set them off.
  return [...objects]
    .filter((object) => !parts.has(idOf(object)))
    .sort((a, b) => Number(isEventTrigger(b)) - Number(isEventTrigger(a)))
    .flatMap(dropStatements);
}

/**
 * One transaction, unless that would need more lock slots than a server with default settings has:
 * a table with its TOAST table and indexes takes about ten of 6,400.
 */
const DROPS_PER_TRANSACTION = 500;

/**
 * Drops what was planned, and an earlier run's journal: in one transaction, or in several where there
 * are more than 500 statements.
 *
 * @throws PgCopyError `target_unfit`: the server refuses a drop (and the error says what is left).
 */
export async function dropExisting(target: Connection, drops: readonly string[]): Promise<void> {
  const statements = [...drops, dropJournalStatement()];
  const attempted = "dropping the target's objects";
  for (let i = 0; i < statements.length; i += DROPS_PER_TRANSACTION) {
    const some = statements.slice(i, i + DROPS_PER_TRANSACTION);
    try {
      await commit(
        target,
        "drop",
        ["begin", ...some].map((sql) => ({ attempted, sql })),
      );
    } catch (error) {
      if (!(error instanceof PgCopyError) || error.server === undefined) throw error;
      await target.execute("rolling back", "rollback");
      throw refused(error, i);
    }
  }
}

/**
 * DROP SUBSCRIPTION would drop the slot on the publisher, too: of a clone, the slot that the source's
 * own subscription uses. So it is made to know of none first; the server refuses that if it is enabled.
 */
function dropStatements({ type, identity }: ExistingObject): string[] {
  const drop = `drop ${dropWords[type] ?? type} if exists ${identity} cascade`;
  return type === "subscription"
    ? [`alter subscription ${identity} set (slot_name = none)`, drop]
    : [drop];
}

function isEventTrigger({ type }: ExistingObject): boolean {
  return type === "event trigger";
}

/** Where DROP has another word for it than pg_identify_object. */
const dropWords: Readonly<Record<string, string>> = {
  "foreign-data wrapper": "foreign data wrapper",
  "statistics object": "statistics",
  "composite type": "type",
};

type ObjectId = Pick<ExistingObject, "classOid" | "oid">;

function idOf({ classOid, oid }: ObjectId): string {
  return `${classOid}.${oid}`;
}

/** Those of the objects that go with another one. Some can't be dropped alone: a partition's index. */
function partsOf(
  objects: readonly ObjectId[],
  dependencies: readonly Dependency[],
): ReadonlySet<string> {
  const going = new Set(objects.map(idOf));
  return new Set(
    dependencies
      .filter(({ object, dependsOn, type }) => {
        return /[aiPS]/.test(type) && dependsOn !== object && going.has(dependsOn);
      })
      .map(({ object }) => object),
  );
}

/**
 * What depends on the objects, and is neither one of them nor a part of one. Of a table that does,
 * neither its type nor its triggers are named.
 *
 * @param replaceable further objects that may go if they depend on one that goes.
 */
export function otherDependents(
  objects: readonly ObjectId[],
  replaceable: readonly ObjectId[],
  dependencies: readonly Dependency[],
): string[] {
  const reached = new Set(dependencies.map(({ object }) => object));
  const going = new Set(objects.map(idOf));
  const mayGo = new Set(replaceable.map(idOf));
  for (let grew = true; grew; ) {
    grew = false;
    for (const { object, dependsOn, type } of dependencies) {
      if (going.has(object) || !going.has(dependsOn)) continue;
      const part = /[aiPSe]/.test(type) || object.startsWith(USER_MAPPING);
      if (!part && !mayGo.has(object)) continue;
      going.add(object);
      grew = true;
    }
  }
  const isOther = (object: string) => reached.has(object) && !going.has(object);
  const parts = new Set(
    dependencies
      .filter(({ type, dependsOn }) => /[aiPSe]/.test(type) && isOther(dependsOn))
      .map(({ object }) => object),
  );
  const others = dependencies.filter(({ object }) => isOther(object) && !parts.has(object));
  return [...new Set(others.map((one) => one.description))].sort();
}

function refuseOthers(others: readonly string[]): void {
  if (others.length === 0) return;
  throw new PgCopyError(
    "the target's objects can't be replaced: others, which the source doesn't have, depend on them",
    {
      code: "target_unfit",
      side: "target",
      items: others,
      advice: "nothing was changed; drop these yourself, or clone into an empty database",
    },
  );
}

function refused(error: PgCopyError, alreadyDropped: number): PgCopyError {
  const { server } = error;
  const changed =
    alreadyDropped === 0
      ? "nothing was changed"
      : `${alreadyDropped} of the objects to be replaced were dropped already`;
  return new PgCopyError(
    `the target's objects can't be dropped: ${server?.message} (SQLSTATE ${server?.sqlstate})`,
    {
      code: "target_unfit",
      side: "target",
      advice:
        server?.sqlstate === "53200"
          ? `${changed}; raise max_locks_per_transaction on the target, or clone into an empty database`
          : `${changed}; clone into an empty database`,
      cause: error,
      ...(server === undefined ? {} : { server }),
    },
  );
}
