/** What may keep a step that takes long: only whoever runs pgcopy can look, or do something about it. */

const LONG_MS = 5_000;

const HINTS: Readonly<Record<string, string>> = {
  connect: "a server has not answered yet",
  "read the source": "a lock on the source may be in the way; pg_stat_activity there shows it",
  "read both catalogs": "a lock on either end may be in the way; pg_stat_activity there shows it",
  "read both schemas": "a lock on either end may be in the way; pg_stat_activity there shows it",
  "check the foreign keys": "the source joins the tables of these keys, which may take a while",
  "look at the target": "a lock on the target may be in the way; pg_stat_activity there shows it",
  "hold the snapshot": "with --fence, who is in the way of its locks is told as it changes",
  "prepare the target": "a lock on the target may be in the way; pg_stat_activity there shows it",
};

/** The hint for a step that has been going on for so long; `undefined` while that is not long. */
export function stepHint(step: string, durationMs: number): string | undefined {
  const ofDatabase = /: ([a-z ]+)$/.exec(step)?.[1];
  return durationMs < LONG_MS ? undefined : HINTS[ofDatabase ?? step];
}
