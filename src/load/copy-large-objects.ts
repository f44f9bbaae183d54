/**
 * Large objects, from the source's snapshot into the target. Their contents stream from a query on
 * the source into a view on the target, whose trigger writes each row with `lo_put`: so no object is
 * ever held in memory, and no right on pg_largeobject is needed. Writing the rows into that catalog
 * itself, which superusers may, takes half to three quarters of the time: docs/decisions.md.
 */

import type { LargeObjectAccess } from "../catalog/large-objects.js";
import { type LargeObjectSelection, largeObjectRows } from "../plan/large-object-rows.js";
import type { LargeObjectStep } from "../plan/large-objects.js";
import type { Connection } from "../postgres/connection.js";
import { relayCopy } from "../postgres/copy.js";
import { failpoint } from "../run/failpoints.js";
import { JOURNAL_SCHEMA } from "./journal.js";
import { type LargeObjectDetails, readLargeObjectDetails } from "./large-object-details.js";
import {
  createStatements,
  describeTransactions,
  type LargeObjectOwnership,
} from "./large-object-statements.js";
import { named, type TaskRecord } from "./recorder.js";

/** @param schema it is in; INV_WRITE is 131072. A row without data ends its object: lo_truncate can lengthen it, too. */
const prepareView = (schema: string) => [
  `create or replace view ${schema}.large_object_data as select null::oid as oid, null::bigint as position, null::bytea as data`,
  `create or replace function ${schema}.put_large_object_data() returns trigger language plpgsql as $put$
declare
  descriptor int;
begin
  if pg_catalog.octet_length(new.data) > 0 then
    perform pg_catalog.lo_put(new.oid, new.position, new.data);
  else
    descriptor := pg_catalog.lo_open(new.oid, 131072);
    perform pg_catalog.lo_truncate64(descriptor, new.position);
    perform pg_catalog.lo_close(descriptor);
  end if;
  return new;
end $put$`,
  `drop trigger if exists put on ${schema}.large_object_data`,
  `create trigger put instead of insert on ${schema}.large_object_data
  for each row execute function ${schema}.put_large_object_data()`,
];

/** Where the journal has no schema, each session has a view of its own. */
const TEMPORARY = "pg_temp";

const schemaOf = ({ keptIn }: TaskRecord) =>
  keptIn.kind === "schema" ? JOURNAL_SCHEMA : TEMPORARY;

/** Makes the view that contents are copied into; it goes with the journal. */
export async function prepareLargeObjects(target: Connection, record: TaskRecord): Promise<void> {
  const view = record.keptIn.kind === "schema" ? prepareView(JOURNAL_SCHEMA) : [];
  await record.commit(target, named("preparing for large objects", "begin", ...view));
}

export interface LargeObjectWork {
  readonly objects: LargeObjectSelection;
  readonly step: LargeObjectStep;
  readonly access: LargeObjectAccess;
}

export interface CopyLargeObjectsOptions extends LargeObjectOwnership {
  /** For messages: `COPY large objects 16401 to 26400`. */
  readonly attempted: string;
  /** In a transaction that imported the snapshot. */
  readonly source: Connection;
  readonly target: Connection;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
  readonly record: TaskRecord;
}

export interface LargeObjectsCopied {
  /** Objects that were made. */
  readonly objects: number;
  readonly bytes: number;
}

const nothing: LargeObjectDetails = { groups: [], comments: [], labels: [] };

/**
 * Does one step, or all, for the selected objects: in one transaction, or in several where more than
 * 250 have privileges, comments or labels. Of these only the first may not be done twice.
 *
 * @throws PgCopyError `task_failed` or `interrupted`.
 */
export async function copyLargeObjects(
  { objects, step, access }: LargeObjectWork,
  options: CopyLargeObjectsOptions,
): Promise<LargeObjectsCopied> {
  const { attempted, source, target, record } = options;
  const details = step === "fill" ? nothing : await readLargeObjectDetails(source, objects);
  const again = record.stepsDone > 0;
  const creates = step === "create" || step === "all";
  const create = creates && !again ? createStatements(details.groups, options) : [];
  const schema = schemaOf(record);
  const view = schema === TEMPORARY ? prepareView(TEMPORARY) : [];
  await target.executeAll(named(attempted, "begin", ...view, ...create));
  await failpoint("large_objects.created", options.signal);
  const { bytes } =
    (step === "fill" || step === "all") && !again
      ? await relayCopy({
          ...options,
          copyOut: `copy (${largeObjectRows(access, objects)}) to stdout (format binary)`,
          copyIn: `copy ${schema}.large_object_data from stdin (format binary)`,
          failpoint: "large_objects.data",
        })
      : { bytes: 0 };
  const describes = step === "describe" || step === "all";
  const [first = [], ...others] = describes ? describeTransactions(details, options) : [];
  const made = creates ? details.groups.reduce((sum, { oids }) => sum + oids.length, 0) : 0;
  const transactions = [
    first,
    ...others.map((statements) => [...named(attempted, "begin"), ...statements]),
  ];
  for (const [i, statements] of transactions.entries()) {
    if (i < transactions.length - 1) await record.commitSteps(target, statements, 1);
    else await record.commit(target, statements, { bytes, detail: { objects: made } });
  }
  return { objects: made, bytes };
}
