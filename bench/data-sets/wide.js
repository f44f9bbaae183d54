// @ts-check
/** 200 columns of ten types, six in ten values null: what each column costs, null or not. */

import { ranges, scaled } from "./data-set.js";

const ROWS = 1_400_000;
const SESSIONS = 4;
const COLUMNS = 200;

/** @type {import("./data-set.js").DataSet} */
export const wide = {
  name: "wide",
  description: `one table of ${COLUMNS} columns of ten types, six in ten values null, with a primary key and two indexes; about 1 GB at scale 1`,
  rounds: 3,
  phases: (scale) => [
    [table],
    ranges(scaled(ROWS, scale), SESSIONS).map(({ first, last }) => rows(first, last)),
    indexes,
    ["alter table answers add primary key using index answers_pkey"],
  ],
};

/** A type, and its value in row n and column `column`, from a number. */
const kinds = [
  { type: "integer", value: (/** @type {string} */ v) => v },
  { type: "text", value: (/** @type {string} */ v) => `'answer ' || ${v}` },
  { type: "boolean", value: (/** @type {string} */ v) => `${v} % 2 = 0` },
  { type: "bigint", value: (/** @type {string} */ v) => `${v} * 1000003::bigint` },
  { type: "numeric(12, 3)", value: (/** @type {string} */ v) => `${v} / 1000.0` },
  {
    type: "date",
    value: (/** @type {string} */ v) => `date '2000-01-01' + (${v} % 9000)::integer`,
  },
  { type: "float8", value: (/** @type {string} */ v) => `${v} / 7.0::float8` },
  {
    type: "timestamptz",
    value: (/** @type {string} */ v) =>
      `timestamptz '2020-01-01 00:00+00' + ${v} * interval '1 second'`,
  },
  { type: "varchar(40)", value: (/** @type {string} */ v) => `'option ' || ${v} % 100` },
  { type: "smallint", value: (/** @type {string} */ v) => `${v} % 30000` },
];

const columns = Array.from({ length: COLUMNS - 1 }, (_, i) => {
  const column = i + 1;
  const { type, value } = /** @type {(typeof kinds)[number]} */ (kinds[i % kinds.length]);
  const number = `(n * ${column} % 99991)`;
  // So that a row's values are of all types, and each column has some.
  const present = `(n + ${column * 7 + Math.floor(column / kinds.length)}) % 10 < 4`;
  return { name: `c${column}`, type, value: `case when ${present} then ${value(number)} end` };
});

const table = `
  create table answers (id bigint not null, ${columns.map(({ name, type }) => `${name} ${type}`).join(", ")})`;

/**
 * @param {number} first
 * @param {number} last
 */
const rows = (first, last) => `
  insert into answers
  select n, ${columns.map(({ value }) => value).join(", ")}
  from generate_series(${first}::bigint, ${last}) n`;

const indexes = [
  "create unique index answers_pkey on answers (id)",
  "create index answers_c1_idx on answers (c1)",
  "create index answers_c8_idx on answers (c8)",
];
