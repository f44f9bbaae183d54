/**
 * What makes a run fast and could be left out, technique by technique. Without any of them the target
 * is the same; `without` turns some off, to measure what each brings (docs/performance.md), and to rule
 * one out when something goes wrong.
 */

/** In words that follow "without this …". Keys are what `without` takes. */
export const techniques = {
  freeze: "tables are loaded without FREEZE, and so have to be vacuumed later",
  "automatic-parts":
    "tables are copied in one part each, unless a size was given from which on they are cut",
  "small-table-batches": "every small table is copied and built on by tasks of its own",
  "merged-keys": "each key of a small table is added by a statement of its own",
  "parallel-pre-data": "tables are created one after the other, on one session",
  "side-by-side-indexes": "a table's indexes are built one after the other",
  "index-settings": "every index is built with the memory and the workers that the target gives it",
  "fit-to-cores":
    "as many tasks run as there are jobs, even if they are more than keep the cores of a shared machine busy",
  "longest-path-first": "of the tasks that could start, the first one starts",
} as const satisfies Readonly<Record<string, string>>;

export type Technique = keyof typeof techniques;

export const techniqueNames = Object.keys(techniques) as readonly Technique[];
