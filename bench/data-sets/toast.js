// @ts-check
/**
 * Values too large for a page: compressed ones, which a copy decompresses and compresses again;
 * external ones that are never compressed; and ones that can't be.
 */

import { ranges, scaled } from "./data-set.js";

const ROWS = 16_000;
const SESSIONS_PER_TABLE = 2;

/** @type {import("./data-set.js").DataSet} */
export const toast = {
  name: "toast",
  description:
    "jsonb and text of 10 to 60 kB: compressed, external, and incompressible; about 1 GB at scale 1",
  rounds: 3,
  phases: (scale) => [
    [tables],
    fills.flatMap((fill) =>
      ranges(scaled(ROWS, scale), SESSIONS_PER_TABLE).map(({ first, last }) => fill(first, last)),
    ),
    ["documents", "articles", "exports", "archives"].map(
      (name) => `alter table ${name} add primary key (id)`,
    ),
  ],
};

const tables = `
  create table documents (id bigint not null, title text not null, body jsonb not null);
  create table articles (id bigint not null, written_on date not null, body text not null);
  create table exports (id bigint not null, body jsonb not null);
  alter table exports alter body set storage external;
  create table archives (id bigint not null, body text not null);
  alter table archives alter body set storage external;`;

/** @type {((first: number, last: number) => string)[]} */
const fills = [
  // Compressed jsonb: 200 to 600 elements.
  (first, last) => `
    insert into documents
    select n, 'Document ' || n,
      (select jsonb_agg(jsonb_build_object('line', i, 'sku', 'sku-' || (n + i) % 500, 'quantity', i % 9, 'price', (n * i % 10000) / 100.0))
       from generate_series(1, 200 + n % 5 * 100) i)
    from generate_series(${first}::bigint, ${last}) n`,
  // Compressed text.
  (first, last) => `
    insert into articles
    select n, date '2020-01-01' + (n % 1500)::integer,
      (select string_agg('Paragraph ' || i || ' of article ' || n || ' says ' || md5((n * i)::text) || ', as others did before it. ', '')
       from generate_series(1, 100 + n % 7 * 100) i)
    from generate_series(${first}::bigint, ${last}) n`,
  // Uncompressed jsonb.
  (first, last) => `
    insert into exports
    select n, jsonb_build_object('export', n, 'rows', (select jsonb_agg('row ' || i || ' of ' || n) from generate_series(1, 500 + n % 3 * 500) i))
    from generate_series(${first}::bigint, ${last}) n`,
  // Text without repetition, uncompressed: 128 digits for each hash.
  (first, last) => `
    insert into archives
    select n, (select string_agg(encode(sha512((n || '-' || i)::bytea), 'hex'), '') from generate_series(1, 120 + n % 5 * 30) i)
    from generate_series(${first}::bigint, ${last}) n`,
];
