/**
 * A key's order, the same on both ends. Types of a fixed order keep their own, which their index can
 * serve. All others are ordered by the bytes of their text: collations differ between servers, and
 * the order of an enum's labels may differ between databases.
 */

import type { KeyColumn, RowKey } from "../catalog/read-row-keys.js";
import { quoteLiteral, quoteName } from "../postgres/quote.js";

/** One column of the order, on one end. */
export interface OrderColumn {
  /** What is ordered by. */
  readonly sql: string;
  /** A value of it, as it was read, as SQL. */
  literal(value: string): string;
  /** A value of it for people. */
  shown(value: string): string;
}

/** The values of a key's columns in that order, as text. */
export type KeyValues = readonly string[];

/** What lies in a range: from its lower end to just below its upper one; without an end, all. */
export interface KeyRange {
  readonly from: KeyValues | undefined;
  readonly below: KeyValues | undefined;
}

/**
 * The order by a key of that end, as the other end's key (its columns in the same places) allows it.
 *
 * @param encoding in whose bytes texts are ordered; undefined where both ends have the same.
 */
export function orderOf(key: RowKey, other: RowKey, encoding: string | undefined): OrderColumn[] {
  return key.map((column, at) =>
    column.ordered && other[at]?.ordered === true ? ownOrder(column) : textOrder(column, encoding),
  );
}

function ownOrder({ name, type }: KeyColumn): OrderColumn {
  return {
    sql: quoteName(name),
    literal: (value) => `${quoteLiteral(value)}::${type}`,
    shown: (value) => value,
  };
}

/** Hexadecimal digits have the order of the bytes, and can be sent to any server. */
function textOrder({ name }: KeyColumn, encoding: string | undefined): OrderColumn {
  const text = `${quoteName(name)}::text`;
  const ordered = encoding === undefined ? text : hexadecimal(text, encoding);
  return {
    sql: `(${ordered} collate "C")`,
    literal: quoteLiteral,
    shown: (value) => (encoding === undefined ? value : Buffer.from(value, "hex").toString("utf8")),
  };
}

function hexadecimal(text: string, encoding: string): string {
  return `pg_catalog.encode(pg_catalog.convert_to(${text}, ${quoteLiteral(encoding)}), 'hex')`;
}

/** The condition that a row lies in the range. */
export function inRange(order: readonly OrderColumn[], { from, below }: KeyRange): string {
  const conditions = [
    ...(from === undefined ? [] : [compared(order, ">=", from)]),
    ...(below === undefined ? [] : [compared(order, "<", below)]),
  ];
  return conditions.length === 0 ? "true" : conditions.join(" and ");
}

/** The condition that a row has that key. */
export function hasKey(order: readonly OrderColumn[], values: KeyValues): string {
  return compared(order, "=", values);
}

/** The number of the part, of those between these bounds, that a row lies in: by halving, so five comparisons for 32. */
export function partNumber(order: readonly OrderColumn[], bounds: readonly KeyValues[]): string {
  const halve = (low: number, high: number): string => {
    if (low === high) return String(low);
    const middle = (low + high + 1) >>> 1;
    const below = compared(order, "<", bounds[middle - 1] as KeyValues);
    return `case when ${below} then ${halve(low, middle - 1)} else ${halve(middle, high)} end`;
  };
  return halve(0, bounds.length);
}

/** The parts that bounds cut a range into. */
export function cutRange({ from, below }: KeyRange, bounds: readonly KeyValues[]): KeyRange[] {
  const ends = [from, ...bounds, below];
  return ends.slice(1).map((end, at) => ({ from: ends[at], below: end }));
}

function compared(order: readonly OrderColumn[], operator: string, values: KeyValues): string {
  const left = order.map(({ sql }) => sql);
  const right = order.map((column, at) => column.literal(values[at] as string));
  // A row of one column would keep the planner from using its index.
  if (left.length === 1) return `${left[0]} ${operator} ${right[0]}`;
  return `(${left.join(", ")}) ${operator} (${right.join(", ")})`;
}
