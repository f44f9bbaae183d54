/** Properties of the dump splitter and the cutter, on invented scripts; a failure's name has its seed. */

import { parseSync } from "libpg-query";
import { beforeAll, describe, expect, test } from "vitest";
import { quoteLiteral, quoteName } from "../../src/postgres/quote.js";
import { cutPieces } from "../../src/schema/cut-pieces.js";
import { splitScript } from "../../src/schema/split-script.js";
import { loadSqlParser } from "../../src/schema/sql-parser.js";
import { gapsOf, isGap } from "../fuzz/pieces-of-script.js";
import { SeededRandom, seeds } from "./seeded-random.js";

beforeAll(async () => {
  await loadSqlParser();
});

/** What a hostile source might put into a name, a string or a body. */
const nasty = [
  "--",
  "/*",
  "*/",
  ";",
  "'",
  '"',
  "\\",
  "$$",
  "$body$",
  "\n",
  "\r",
  "\n\\! touch x\n",
  "\n\\connect other\n",
  "\n\\restrict abc\n",
  "\n\\unrestrict KEY\n",
  "\n--\n-- TOC entry 999 (class 1259 OID 1)\n-- Name: forged; Type: TABLE; Schema: s; Owner: o\n--\n\ndrop table x;\n",
  "; Type: TABLE; Schema: s; Owner: o",
  "\n-- PostgreSQL database dump complete\n",
  "\u2028",
  "\u202e",
  "\u001b[2J",
  "é漢🐘",
  "plain",
  " ",
];

function text(random: SeededRandom, most = 5): string {
  return Array.from({ length: random.between(1, most) }, () => random.pick(nasty)).join("");
}

/** As pg_dump's headings have it. */
const onOneLine = (name: string) => name.replaceAll(/[\r\n]/g, " ");

interface Invented {
  readonly title: string;
  readonly needs: readonly number[];
  readonly statements: readonly string[];
}

function inventedEntry(random: SeededRandom, id: number): Invented {
  const name = text(random);
  const quoted = `s.${quoteName(name)}`;
  const tag = `$t${id}_$`;
  const body = text(random, 12).replaceAll(tag, "");
  const statements = random.pick([
    [`CREATE TABLE ${quoted} (\n    ${quoteName(text(random))} integer\n)`],
    [`COMMENT ON SCHEMA s IS ${quoteLiteral(text(random, 12))}`],
    [
      `CREATE FUNCTION ${quoted}() RETURNS text\n    LANGUAGE sql\n    AS ${tag}${body}${tag}`,
      `ALTER FUNCTION ${quoted}() OWNER TO ${quoteName(text(random))}`,
    ],
    [`CREATE FUNCTION s.f() RETURNS integer\n    LANGUAGE sql\n    BEGIN ATOMIC\n SELECT 1;\n END`],
    [],
  ]);
  const needs = Array.from({ length: random.between(0, 3) }, () => random.between(1, id));
  return { title: `TABLE s ${onOneLine(name)}`, needs, statements };
}

function written(entries: readonly Invented[]): string {
  const body = entries.map(({ title, needs, statements }, i) => {
    const dependencies = needs.length === 0 ? "" : `-- Dependencies: ${needs.join(" ")}\n`;
    const name = title.replace(/^TABLE s /, "");
    return `--\n-- TOC entry ${i + 1} (class 1259 OID ${i + 100})\n${dependencies}-- Name: ${name}; Type: TABLE; Schema: s; Owner: o\n--\n\n${statements.map((sql) => `${sql};\n\n\n`).join("")}`;
  });
  return `--\n-- PostgreSQL database dump\n--\n\n\\restrict KEY\n\nSET standard_conforming_strings = on;\n\n${body.join("")}--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict KEY\n\n`;
}

describe("an invented dump", () => {
  test.each(seeds(60))("comes out of the splitter as it went in, seed %i", async (seed) => {
    const random = new SeededRandom(seed);
    const entries = Array.from({ length: random.between(1, 25) }, (_, i) =>
      inventedEntry(random, i + 1),
    );
    const script = written(entries);
    const split = await splitScript(script);
    expect(split.preamble.map(({ sql }) => sql)).toEqual(["SET standard_conforming_strings = on"]);
    expect(
      split.entries.map(({ title, dependencies, statements }) => ({
        title,
        needs: dependencies,
        statements: statements.map(({ sql }) => sql),
      })),
    ).toEqual(entries);
    // Put between the gaps, the statements are the script again, and no gap hides one.
    const gaps = gapsOf(script, split);
    expect(gaps.every(isGap)).toBe(true);
  });
});

interface InventedTable {
  readonly sql: string;
  readonly columns: readonly string[];
  readonly checks: readonly string[];
}

function inventedTable(random: SeededRandom): InventedTable {
  const columns = Array.from({ length: random.between(1, 6) }, (_, i) => `${text(random)}${i}`);
  const checks = Array.from({ length: random.between(0, 4) }, (_, i) => `${text(random)}c${i}`);
  const value = () => `(${quoteLiteral(text(random))}::text || f(1, (2), ARRAY[')'::text]))`;
  const elements = [
    ...columns.map((name) => {
      const fallback = random.chance(0.6) ? ` DEFAULT ${value()}` : "";
      const collation = random.chance(0.3) ? ` COLLATE ${quoteName(text(random))}` : "";
      return `${quoteName(name)} text${fallback}${collation}${random.chance(0.5) ? " NOT NULL" : ""}`;
    }),
    ...checks.map((name) => `CONSTRAINT ${quoteName(name)} CHECK ((${value()} > 'a'::text))`),
  ];
  return { sql: `CREATE TABLE s.t (\n    ${elements.join(",\n    ")}\n)`, columns, checks };
}

/** The tree without its places, and without what those pieces are. */
function tree(sql: string, defaults: ReadonlySet<string>, checks: ReadonlySet<string>): unknown {
  const cut = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.filter((one) => !goes(one)).map(cut);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, inner]) => {
        if (/^(location|stmt_len|rexpr_list_start|rexpr_list_end|list_start|list_end)$/.test(key)) {
          return [];
        }
        if (key !== "ColumnDef" || !defaults.has(inner.colname)) return [[key, cut(inner)]];
        const constraints = (inner.constraints ?? []).filter(
          (one: { Constraint: { contype: string } }) => one.Constraint.contype !== "CONSTR_DEFAULT",
        );
        const { constraints: _, ...others } = inner;
        return [[key, cut(constraints.length === 0 ? others : { ...others, constraints })]];
      }),
    );
  };
  const goes = (one: { Constraint?: { conname?: string } }) =>
    one?.Constraint?.conname !== undefined && checks.has(one.Constraint.conname);
  return cut(parseSync(sql).stmts);
}

describe("an invented table", () => {
  test.each(seeds(60))("loses what is cut and nothing else, seed %i", async (seed) => {
    const random = new SeededRandom(seed);
    const { sql, columns, checks } = inventedTable(random);
    const none = new Set<string>();
    expect(await cutPieces(sql, { defaults: none, constraints: none })).toBe(sql);

    const defaults = new Set(columns.filter(() => random.chance(0.5)));
    // Without any element it would be another sort of table.
    const constraints = new Set(checks.filter(() => random.chance(0.5)));
    const cut = await cutPieces(sql, { defaults, constraints });
    expect(tree(cut, none, none)).toEqual(tree(sql, defaults, constraints));
  });
});
