// @ts-check
/** 2,000 small tables: what is measured is the cost of each object, on either end and between. */

import { scaled } from "./data-set.js";

const ROWS = 20;
/** A table with its indexes takes about ten lock slots until commit; a server has 6,400 by default. */
const TABLES_PER_TRANSACTION = 100;

/** @type {import("./data-set.js").DataSet} */
export const many = {
  name: "many",
  description: `2,000 small tables (${ROWS} rows) with two unique indexes each`,
  // A few seconds each, and what it measures is small.
  rounds: 5,
  manyFiles: true,
  phases: (scale) => [[tables(scaled(2_000, scale))]],
};

/** @param {number} count */
const tables = (count) => `
  do $$
  begin
    for i in 1..${count} loop
      execute format('create table t%s (id integer primary key, code text unique, note text, created_at timestamptz)', i);
      execute format('insert into t%s select n, %L || n, repeat(md5(n::text), 2), timestamptz ''2024-01-01 00:00+00'' + n * interval ''1 day''
                      from generate_series(1, ${ROWS}) n', i, i || '-');
      if i % ${TABLES_PER_TRANSACTION} = 0 then commit; end if;
    end loop;
  end $$`;
