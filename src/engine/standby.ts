/** What threatens a snapshot that is held for long on a standby. */

import type { Connection } from "../postgres/connection.js";
import type { Run } from "./run.js";

const standbyQuery = `
select pg_catalog.pg_is_in_recovery() as standby,
       current_setting('hot_standby_feedback') = 'on' as feedback,
       current_setting('max_standby_streaming_delay') as delay`;

interface StandbyRow extends Record<string, unknown> {
  readonly standby: boolean;
  readonly feedback: boolean;
  readonly delay: string;
}

/**
 * What the primary vacuums or locks is done on its standby, too: a session that it conflicts with is ended
 * after a while, or the standby waits for it, and falls behind.
 */
export async function warnOfStandby(source: Connection, fenced: boolean, run: Run): Promise<void> {
  const [row] = await source.query<StandbyRow>("looking at the source", standbyQuery);
  if (row === undefined || !row.standby) return;
  const { feedback, delay } = row;
  const waits =
    delay === "-1"
      ? "which waits, and falls behind, for as long as"
      : `which ends the sessions that hold the snapshot ${delay} after`;
  const conflicts = [
    ...(feedback
      ? []
      : ["the primary removes rows that the snapshot sees (hot_standby_feedback is off)"]),
    ...(fenced ? ["the primary truncates, rewrites or drops a table of the fence"] : []),
  ];
  if (conflicts.length === 0) {
    run.warn(
      "the source is a standby with hot_standby_feedback: what the snapshot pins is kept on its primary",
    );
    return;
  }
  run.warn(
    `the source is a standby, ${waits} ${conflicts.join(", or ")} (max_standby_streaming_delay = ${delay})`,
  );
}
