// @ts-check
/** Four small tables: what is measured is everything but the copying. */

import { scaled } from "./data-set.js";

/** @type {import("./data-set.js").DataSet} */
export const tiny = {
  name: "tiny",
  description: "four small tables with primary and foreign keys",
  rounds: 10,
  phases: (scale) => [[tables], [rows(scaled(100, scale))], [keys]],
};

const tables = `
  create table customers (
    id bigint generated always as identity,
    name text not null,
    email text not null
  );
  create table products (
    id integer generated always as identity,
    title text not null,
    price numeric(10, 2) not null
  );
  create table orders (
    id bigint generated always as identity,
    customer_id bigint not null,
    ordered_at timestamptz not null
  );
  create table order_lines (
    order_id bigint not null,
    line integer not null,
    product_id integer not null,
    quantity integer not null
  );`;

/** @param {number} customers */
const rows = (customers) => `
  insert into customers (name, email)
  select 'Customer ' || n, 'customer' || n || '@example.com' from generate_series(1, ${customers}) n;
  insert into products (title, price)
  select 'Product ' || n, n + 0.99 from generate_series(1, 50) n;
  insert into orders (customer_id, ordered_at)
  select 1 + n % ${customers}, timestamptz '2024-01-01 00:00+00' + n * interval '1 hour'
  from generate_series(1, ${customers * 3}) n;
  insert into order_lines
  select n, line, 1 + (n + line) % 50, 1 + n % 3
  from generate_series(1, ${customers * 3}) n, generate_series(1, 3) line;`;

const keys = `
  alter table customers add primary key (id), add unique (email);
  alter table products add primary key (id);
  alter table orders add primary key (id);
  alter table order_lines add primary key (order_id, line);
  alter table orders add foreign key (customer_id) references customers;
  alter table order_lines add foreign key (order_id) references orders;
  alter table order_lines add foreign key (product_id) references products;`;
