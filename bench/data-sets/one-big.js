// @ts-check
/**
 * A single large table with five indexes: nothing else can fill the cores while it is copied, and
 * its indexes can only be built beside each other.
 */

import { ranges, scaled } from "./data-set.js";

const ROWS = 9_000_000;
const SESSIONS = 4;

/** @type {import("./data-set.js").DataSet} */
export const oneBig = {
  name: "one-big",
  description:
    "a single table of 9 M rows with a primary key and indexes on a uuid, a text, a timestamp and an integer of few values; about 3 GB at scale 1",
  rounds: 2,
  phases: (scale) => [
    [table],
    ranges(scaled(ROWS, scale), SESSIONS).map(({ first, last }) => rows(first, last)),
    indexes,
    ["alter table payments add primary key using index payments_pkey"],
  ],
};

const table = `
  create table payments (
    id bigint not null,
    reference uuid not null,
    account integer not null,
    payer text not null,
    amount numeric(14, 2) not null,
    currency char(3) not null,
    paid_at timestamptz not null,
    settled boolean,
    rate float8 not null,
    purpose text
  )`;

/**
 * @param {number} first
 * @param {number} last
 */
const rows = (first, last) => `
  insert into payments
  select n, md5('payment ' || n)::uuid, n::bigint * 7919 % 20000,
    'payer' || n::bigint * 104729 % 1000003 || '@bank' || n % 97 || '.example', (n::bigint * 15485863 % 100000000) / 100.0,
    (array['EUR', 'USD', 'GBP', 'JPY'])[1 + n % 4], timestamptz '2022-01-01 00:00+00' + n::bigint * 15485863 % 94608000 * interval '1 second',
    case n % 3 when 0 then true when 1 then false end, sin(n),
    case when n % 5 > 0 then 'invoice ' || md5(n::text) || ' of ' || md5((n + 1)::text) end
  from generate_series(${first}, ${last}) n`;

const indexes = [
  "create unique index payments_pkey on payments (id)",
  "create unique index payments_reference_idx on payments (reference)",
  "create index payments_payer_idx on payments (payer)",
  "create index payments_paid_at_idx on payments (paid_at)",
  "create index payments_account_idx on payments (account)",
];
