/** The options that say what of the source is copied. */

import { type Filters, type ResolvedFilters, resolveFilters } from "../filters/filters.js";
import { expressions, flag } from "./option-values.js";

export interface SelectionOptions {
  /** What is copied and what is left out. Default: everything is copied. */
  readonly filters?: Filters;
  /**
   * Copy only the rows for which a condition holds, by `schema.table`, which is read as SQL reads it:
   * `{ "public.orders": "created_at > now() - interval '30 days'" }`. One expression over the
   * table's own columns; it also holds for what is below the table, unless that has its own.
   */
  readonly where?: Readonly<Record<string, string>>;
  /**
   * Copy an expression in place of a column, by `schema.table.column`:
   * `{ "public.customers.email": "md5(email) || '@example.com'" }`.
   */
  readonly mask?: Readonly<Record<string, string>>;
  /** Also copy the rows, beyond `where`, that copied rows refer to by foreign keys. Default: don't. */
  readonly includeReferenced?: boolean;
  /** Leave the large objects behind. */
  readonly skipLargeObjects?: boolean;
}

export interface ResolvedSelectionOptions {
  readonly filters: ResolvedFilters | undefined;
  readonly where: Readonly<Record<string, string>>;
  readonly mask: Readonly<Record<string, string>>;
  readonly includeReferenced: boolean;
  readonly skipLargeObjects: boolean;
}

export const selectionOptionNames: Readonly<Record<keyof SelectionOptions, true>> = {
  filters: true,
  where: true,
  mask: true,
  includeReferenced: true,
  skipLargeObjects: true,
};

export function resolveSelectionOptions(options: SelectionOptions): ResolvedSelectionOptions {
  return {
    filters: resolveFilters(options.filters),
    where: expressions("where", "a table", options.where),
    mask: expressions("mask", "a column", options.mask),
    includeReferenced: flag("includeReferenced", options.includeReferenced),
    skipLargeObjects: flag("skipLargeObjects", options.skipLargeObjects),
  };
}
