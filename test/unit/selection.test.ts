/** What filters leave of a source, and why; without a server. */

import { describe, expect, test } from "vitest";
import { PgCopyError } from "../../src/errors.js";
import type { Filters } from "../../src/filters/filters.js";
import { InventedSource } from "./invented-source.js";
import { SeededRandom, seeds } from "./seeded-random.js";

/** A shop with an audit schema: of each sort of dependency one. */
function shop(): InventedSource {
  const source = new InventedSource();
  for (const schema of ["app", "audit", "ext"]) source.object("schema", schema);
  source.object("extension", "citext", ["schema ext"]);
  source.object("type", "ext.citext", ["extension citext"], "e");
  source.object("type", "app.mood");
  source.object("function", "audit.stamp");
  source.object("function", "app.plain");
  const customers = source.table("app.customers");
  const orders = source.table("app.orders");
  const log = source.table("audit.log");
  source.need(customers, "type app.mood");
  source.need(log, "type ext.citext");
  source.index("app.customers_pkey", customers);
  source.object("constraint", "customers_pkey", [customers], "a");
  source.need("relation app.customers_pkey", "constraint customers_pkey", "i");
  source.foreignKey("orders_customer", orders, customers);
  source.need("constraint orders_customer", "relation app.customers_pkey");
  source.foreignKey("orders_log", orders, log);
  source.object("default", "orders.at", [orders], "a");
  source.need("default orders.at", "function audit.stamp");
  source.object("constraint", "orders_check", [orders], "a");
  source.need("constraint orders_check", "function app.plain");
  source.sequence("app.customers_id_seq", customers);
  source.object("default", "customers.id", [customers], "a");
  source.need("default customers.id", "relation app.customers_id_seq");
  source.object("default", "orders.customer", [orders], "a");
  source.need("default orders.customer", "relation app.customers_id_seq");
  source.view("app.open_orders", [orders, customers]);
  source.view("app.totals", ["relation app.open_orders"], "materialized_view");
  source.view("app.logged", [log]);
  source.object("policy", "orders_by_log", [orders], "a");
  source.need("policy orders_by_log", log);
  source.object("publication", "everything");
  source.object("publication table", "orders", [orders, "publication everything"], "a");
  source.object("publication table", "customers", [customers, "publication everything"], "a");
  return source;
}

/** Three levels of partitions, one in another schema. */
function partitioned(): InventedSource {
  const source = new InventedSource();
  for (const schema of ["app", "old"]) source.object("schema", schema);
  const events = source.table("app.events", { kind: "partitioned" });
  const late = source.partition("app.late", events, { kind: "partitioned" });
  source.partition("app.late_1", late);
  source.partition("old.early", events);
  const index = source.index("app.events_idx", events);
  source.index("old.early_idx", "relation old.early", index);
  const inner = source.index("app.late_idx", late, index);
  source.index("app.late_1_idx", "relation app.late_1", inner);
  source.table("app.parent");
  source.table("app.child", { parents: [source.oid("relation app.parent")] });
  return source;
}

describe("what is excluded takes along what needs it", () => {
  test("a table: views on it, foreign keys to it, its sequence and the defaults that use it", () => {
    const selected = shop().select({ excludeTables: ["app.customers"] });
    expect(selected.leftOutToo.sort()).toEqual([
      "constraint orders_customer ← relation app.customers",
      "default orders.customer ← relation app.customers_id_seq",
      "publication table customers ← relation app.customers",
      "relation app.customers_id_seq ← relation app.customers",
      "relation app.open_orders ← relation app.customers",
      "relation app.totals ← relation app.open_orders",
    ]);
    expect(selected.remaining).toEqual(
      expect.arrayContaining(["relation app.orders", "publication everything", "type app.mood"]),
    );
    // What is in CREATE TABLE is taken out of it.
    const pieces = ["constraint orders_customer", "default orders.customer"];
    expect(selected.selection.pieces).toEqual(pieces.map((name) => shop().key(name)));
  });

  test("a schema: what is in it, and what needs that elsewhere", () => {
    const selected = shop().select({ excludeSchemas: ["audit"] });
    expect(selected.leftOutToo.sort()).toEqual([
      "constraint orders_log ← relation audit.log",
      "default orders.at ← function audit.stamp",
      "policy orders_by_log ← relation audit.log",
      "relation app.logged ← relation audit.log",
    ]);
    expect(selected.gone.filter((name) => name.includes("audit"))).toEqual([
      "function audit.stamp",
      "relation audit.log",
      "schema audit",
      "type audit.log_row",
    ]);
  });

  test("an extension: the tables with its types; a schema that holds one: the extension", () => {
    const expected = ["relation app.logged", "relation audit.log", "extension citext"];
    for (const filters of [
      { excludeExtensions: ["citext"] },
      { excludeSchemas: ["ext"] },
      { includeExtensions: ["other"] },
    ] satisfies Filters[]) {
      const source = shop();
      source.object("extension", "other");
      expect(source.select(filters).gone).toEqual(expect.arrayContaining(expected));
    }
  });

  test("an index: its constraint, and the foreign keys that rely on it", () => {
    const selected = shop().select({ excludeIndexes: ["app.customers_pkey"] });
    expect(selected.gone).toEqual([
      "constraint customers_pkey",
      "constraint orders_customer",
      "relation app.customers_pkey",
    ]);
  });

  test("a partitioned table: its partitions and theirs; a parent: its children", () => {
    const selected = partitioned().select({ excludeTables: ["app.events", "app.parent"] });
    expect(selected.leftOutToo).toEqual([
      "relation app.late ← relation app.events",
      "relation old.early ← relation app.events",
      "relation app.child ← relation app.parent",
      "relation app.late_1 ← relation app.late",
    ]);
    expect(selected.remaining).toEqual(["schema app", "schema old"]);
  });

  test("a partition: nothing but its own index", () => {
    const selected = partitioned().select({ excludeTables: ["old.early"] });
    expect(selected.gone).toEqual([
      "relation old.early",
      "relation old.early_idx",
      "type old.early_row",
    ]);
    expect(selected.leftOutToo).toEqual([]);
  });

  test("a partitioned table's index: its partitions' indexes", () => {
    const selected = partitioned().select({ excludeIndexes: ["app.events_idx"] });
    expect(selected.gone).toEqual([
      "relation app.events_idx",
      "relation app.late_1_idx",
      "relation app.late_idx",
      "relation old.early_idx",
    ]);
  });

  test("but the index of one partition can't go alone, unless its table goes, too", () => {
    const excludeIndexes = ["~/./.~/early_idx|late_1_idx/"];
    expect(() => partitioned().select({ excludeIndexes })).toThrow(
      expect.objectContaining({
        code: "usage",
        items: [
          "old.early_idx is a part of app.events_idx",
          "app.late_1_idx is a part of app.late_idx",
        ],
      }),
    );
    partitioned().select({ excludeIndexes: ["old.early_idx"], excludeTables: ["old.early"] });
  });
});

describe("what is included brings along what it needs", () => {
  test("a table: its types, functions and sequences, but no other table", () => {
    const selected = shop().select({ includeTables: ["app.customers"] });
    expect(selected.remaining).toEqual([
      "constraint customers_pkey",
      "default customers.id",
      "relation app.customers",
      "relation app.customers_id_seq",
      "relation app.customers_pkey",
      "schema app",
      "type app.customers_row",
      "type app.mood",
    ]);
    expect(selected.cameAlong).toEqual([
      "schema app ← relation app.customers",
      "type app.mood ← relation app.customers",
    ]);
    expect(selected.leftOutToo).toEqual([]);
  });

  test("what belongs to it and needs another table is left out, and told", () => {
    const selected = shop().select({ includeTables: ["app.orders"] });
    expect(selected.leftOutToo.sort()).toEqual([
      "constraint orders_customer ← relation app.customers",
      "constraint orders_log ← relation audit.log",
      // The sequence goes with the table that owns it.
      "default orders.customer ← relation app.customers_id_seq",
      "policy orders_by_log ← relation audit.log",
    ]);
    expect(selected.cameAlong).toEqual([
      "schema app ← relation app.orders",
      "function audit.stamp ← relation app.orders",
      "function app.plain ← relation app.orders",
      "schema audit ← function audit.stamp",
    ]);
  });

  test("a view by its name: the tables that it reads", () => {
    const selected = shop().select({ includeTables: ["app.totals"] });
    expect(selected.cameAlong).toEqual(
      expect.arrayContaining([
        "relation app.open_orders ← relation app.totals",
        "relation app.orders ← relation app.open_orders",
        "relation app.customers ← relation app.open_orders",
      ]),
    );
  });

  test("a schema: its views, unless they read a table that is not included", () => {
    const selected = shop().select({ includeSchemas: ["app"] });
    expect(selected.remaining).toEqual(
      expect.arrayContaining(["relation app.open_orders", "relation app.totals"]),
    );
    expect(selected.leftOutToo.sort()).toEqual([
      "constraint orders_log ← relation audit.log",
      "policy orders_by_log ← relation audit.log",
      "relation app.logged ← relation audit.log",
    ]);
    expect(selected.gone).toContain("publication everything");
  });

  test("a schema and a table: both", () => {
    const selected = shop().select({ includeSchemas: ["app"], includeTables: ["audit.log"] });
    expect(selected.leftOutToo).toEqual([]);
    expect(selected.remaining).toContain("relation app.logged");
  });

  test("what is excluded is out, included or not", () => {
    const selected = shop().select({
      includeSchemas: ["app"],
      excludeTables: ["app.customers"],
    });
    expect(selected.gone).toEqual(
      expect.arrayContaining(["relation app.customers", "relation app.open_orders"]),
    );
    expect(selected.remaining).toContain("relation app.orders");
    expect(selected.leftOutToo).toContain("relation app.open_orders ← relation app.customers");
  });

  test("a partitioned table: its partitions, of whatever schema, and no table that inherits", () => {
    const { remaining } = partitioned().select({ includeTables: ["app.events", "app.parent"] });
    expect(remaining).toEqual(
      expect.arrayContaining([
        "relation old.early",
        "relation app.late_1",
        "relation app.late_idx",
      ]),
    );
    expect(remaining).not.toContain("relation app.child");
  });

  test("a partition: its parents, and none of their other partitions", () => {
    const { remaining, cameAlong } = partitioned().select({ includeTables: ["app.late_1"] });
    expect(remaining).not.toContain("relation old.early");
    expect(remaining).toContain("relation app.late_1_idx");
    expect(cameAlong).toEqual([
      "schema app ← relation app.late_1",
      "relation app.late ← relation app.late_1",
      "relation app.events ← relation app.late",
    ]);
  });

  test("a sequence by its name: without the table that owns it", () => {
    const selected = shop().select({ includeTables: ["app.customers_id_seq", "app.orders"] });
    expect(selected.gone).toContain("relation app.customers");
    expect(selected.remaining).toEqual(
      expect.arrayContaining(["relation app.customers_id_seq", "default orders.customer"]),
    );
  });
});

describe("a filter that matches nothing", () => {
  test("is refused, all of them at once, with what may have been meant", () => {
    const source = shop();
    source.table("app.Odd");
    const filters = {
      excludeTables: [
        "app.nope",
        "app.odd",
        "app.orders",
        { pattern: "app.~/^x/", from: "shop.ini:3" },
      ],
      includeSchemas: ["App2"],
      excludeIndexes: ["app.orders"],
      excludeTableData: ["app.open_orders"],
      excludeExtensions: ["~/^pg_/"],
    };
    const refused = (() => {
      try {
        return source.select(filters);
      } catch (error) {
        return error as PgCopyError;
      }
    })();
    expect(refused).toBeInstanceOf(PgCopyError);
    expect(refused).toMatchObject({
      code: "usage",
      message: "7 filters match nothing in the source",
      items: [
        "filters.excludeTables[0] app.nope",
        'filters.excludeTables[1] app.odd (did you mean app."Odd"?)',
        "shop.ini:3 app.~/^x/",
        "filters.includeSchemas[0] App2",
        "filters.excludeTableData[0] app.open_orders",
        "filters.excludeIndexes[0] app.orders",
        "filters.excludeExtensions[0] ~/^pg_/",
      ],
    });
  });

  test("plpgsql is on every target: it is matched, and nothing is left out", () => {
    const source = shop();
    const objects = {
      ...source.objects,
      extensions: [{ oid: 13_000, schema: "", name: "plpgsql" }],
    };
    Object.defineProperty(source, "objects", { value: objects });
    const { gone, selection } = source.select({ excludeExtensions: ["plpgsql"] });
    expect({ gone, asked: selection.asked }).toEqual({ gone: [], asked: [] });
  });
});

describe("tables without their rows", () => {
  test("are those that are named, and their partitions, of what remains", () => {
    const source = partitioned();
    const { emptyTables } = source.select({
      excludeTableData: ["app.events", "app.child"],
      excludeTables: ["app.child"],
    }).selection;
    const names = ["app.events", "app.late", "app.late_1", "old.early"];
    expect(emptyTables).toEqual(new Set(names.map((name) => source.oid(`relation ${name}`))));
  });

  test("materialized views by name are not filled, nor those that read them; others are", () => {
    const source = shop();
    source.view("app.on_totals", ["relation app.totals"], "materialized_view");
    source.view("app.other", ["relation app.customers"], "materialized_view");
    const { emptyTables, unfilledViews } = source.select({
      excludeTableData: ["app.totals", "app.customers"],
    }).selection;
    expect(emptyTables).toEqual(new Set([source.oid("relation app.customers")]));
    expect(unfilledViews).toEqual(
      new Set([source.oid("relation app.totals"), source.oid("relation app.on_totals")]),
    );
  });
});

/** A source of some dozens of objects, each needing some of those before it. */
function randomSource(random: SeededRandom): InventedSource {
  const source = new InventedSource();
  const schemas = ["a", "b", "c"];
  for (const schema of schemas) source.object("schema", schema);
  const relations: string[] = [];
  const others: string[] = [];
  const some = (list: readonly string[]) => list.filter(() => random.chance(0.15));
  for (let i = 0; i < 30; i++) {
    const name = `${random.pick(schemas)}.o${i}`;
    const sort = random.between(0, 6);
    if (sort === 0) others.push(source.object("type", name, some(others)));
    else if (sort === 1)
      others.push(source.object("function", name, some([...others, ...relations])));
    else if (sort === 2 && relations.length > 0) relations.push(source.view(name, some(relations)));
    else {
      const table = source.table(name);
      for (const need of some(others)) source.need(table, need);
      if (relations.length > 0 && random.chance(0.5))
        source.foreignKey(`fk${i}`, table, random.pick(relations));
      if (others.length > 0 && random.chance(0.5))
        source.need(source.object("default", `d${i}`, [table], "a"), random.pick(others));
      if (random.chance(0.3)) {
        const sequence = source.sequence(`${name}_seq`, table);
        source.need(source.object("default", `s${i}`, [table], "a"), sequence);
      }
      relations.push(table);
    }
  }
  return source;
}

function randomFilters(random: SeededRandom, source: InventedSource): Filters {
  const names = source.all.flatMap((name) => /^relation (.*)$/.exec(name)?.[1] ?? []);
  const pick = () => [random.pick(names)];
  const filters: Filters = {
    ...(random.chance(0.5) ? { excludeTables: pick() } : {}),
    ...(random.chance(0.2) ? { excludeSchemas: [random.pick(["a", "b", "c"])] } : {}),
    ...(random.chance(0.4) ? { includeTables: [...pick(), ...pick()] } : {}),
    ...(random.chance(0.2) ? { includeSchemas: [random.pick(["a", "b", "c"])] } : {}),
  };
  return Object.keys(filters).length > 0 ? filters : { excludeTables: pick() };
}

test.each(seeds(300))("nothing that remains needs what is left out (seed %i)", (seed) => {
  const random = new SeededRandom(seed);
  const source = randomSource(random);
  const filters = randomFilters(random, source);
  const { selection } = source.select(filters);
  const sequences = new Set(source.catalog.sequences.map(({ oid }) => oid));
  const broken = source.edges
    .filter(({ object, on }) => selection.remains(object) && !selection.remains(on))
    // A sequence that was named may come without its table.
    .filter(({ object, type }) => !(type === "a" && sequences.has(object % 2 ** 32)))
    .map(({ object, on }) => `${source.name(object)} needs ${source.name(on)}`);
  expect(broken).toEqual([]);
  for (const { object, on, type } of source.edges) {
    if (type === "i" && selection.remains(on)) expect(selection.remains(object)).toBe(true);
  }
  for (const object of selection.asked) expect(selection.remains(object)).toBe(false);
  const excludes = (filters.excludeTables ?? filters.excludeSchemas) !== undefined;
  for (const name of excludes ? [] : (filters.includeTables ?? []))
    expect(selection.remains(source.key(`relation ${name as string}`))).toBe(true);
});
