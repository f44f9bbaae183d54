/** What the journal in the target says of one task. */

import type { Connection } from "../postgres/connection.js";
import { JOURNAL_SCHEMA } from "./journal.js";
import type { Recorded } from "./recorder.js";

const recordedQuery = `
select t.id is not null as done, t.rows::text as rows, t.bytes::text as bytes, t.detail, coalesce(p.steps, 0) as steps
from (select $1::text as id) as w
left join ${JOURNAL_SCHEMA}.task t on t.id = w.id
left join ${JOURNAL_SCHEMA}.progress p on p.id = w.id`;

interface RecordedRow extends Record<string, unknown> {
  done: boolean;
  rows: string;
  bytes: string;
  detail: unknown;
  steps: number;
}

export async function readRecorded(target: Connection, taskId: string): Promise<Recorded> {
  const found = await target.query<RecordedRow>("looking into the journal", recordedQuery, [
    taskId,
  ]);
  const [row] = found;
  if (row === undefined || !row.done) return { done: undefined, steps: row?.steps ?? 0 };
  const { rows, bytes, detail, steps } = row;
  return { done: { rows: Number(rows), bytes: Number(bytes), detail }, steps };
}
