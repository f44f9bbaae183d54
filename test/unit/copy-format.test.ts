/** Binary or text: binary only where both ends are sure to mean the same by the same bytes. */

import { describe, expect, test } from "vitest";
import type { ColumnType } from "../../src/catalog/catalog.js";
import { chooseFormat } from "../../src/plan/copy-format.js";
import { INT4, inventCatalog, inventTable, inventType } from "./invented-catalog.js";

const ENUM = 16_400;
const DOMAIN = 16_500;

/** The format of a table with an ordinary column and one of the last of these types. */
function formatFor(...types: ColumnType[]) {
  const last = types.at(-1) as ColumnType;
  const table = inventTable({
    columns: [
      { name: "id", typeOid: INT4, generated: false },
      { name: "odd", typeOid: last.oid, generated: false },
    ],
  });
  const known = [...inventCatalog().types.values(), ...types];
  const catalog = inventCatalog({ types: new Map(known.map((type) => [type.oid, type])) });
  return chooseFormat(table, catalog, "auto");
}

const binary = {
  format: "binary",
  reason: "every column's binary form is the same on both ends",
};
const text = (reason: string) => ({ format: "text", reason: `column odd: ${reason}` });

describe("binary", () => {
  test.each([
    ["a built-in type", [inventType(1184, "timestamp with time zone")]],
    ["a built-in range", [inventType(3904, "int4range", { kind: "r" })]],
    ["a built-in multirange", [inventType(4451, "int4multirange", { kind: "m" })]],
    ["an array of a built-in type", [inventType(1007, "integer[]", { elementOid: INT4 })]],
    ["an enum, whose binary form is its label", [inventType(ENUM, "public.mood", { kind: "e" })]],
    ["a domain over a built-in type", [inventType(DOMAIN, "d", { kind: "d", baseOid: INT4 })]],
    [
      "a domain over a domain over an enum",
      [
        inventType(ENUM, "public.mood", { kind: "e" }),
        inventType(DOMAIN, "d", { kind: "d", baseOid: ENUM }),
        inventType(DOMAIN + 1, "dd", { kind: "d", baseOid: DOMAIN }),
      ],
    ],
    ["a type of citext", [inventType(17_000, "public.citext", { extension: "citext" })]],
    ["a type of hstore", [inventType(17_000, "public.hstore", { extension: "hstore" })]],
    ["a type of pgvector", [inventType(17_000, "public.vector", { extension: "vector" })]],
  ])("for %s", (_, types) => {
    expect(formatFor(...types)).toEqual(binary);
  });

  test("for a table without columns", () => {
    expect(chooseFormat(inventTable({ columns: [] }), inventCatalog(), "auto")).toEqual(binary);
  });

  test("whatever type a generated column has, as it is not copied", () => {
    const columns = [{ name: "odd", typeOid: 99_999, generated: true }];
    expect(chooseFormat(inventTable({ columns }), inventCatalog(), "auto")).toEqual(binary);
  });
});

describe("text", () => {
  const anOid = "is an OID in binary, which means another object on the target, or none";
  test.each([
    "regproc",
    "regprocedure",
    "regoper",
    "regoperator",
    "regclass",
    "regcollation",
    "regtype",
    "regrole",
    "regnamespace",
    "regconfig",
    "regdictionary",
  ])("for %s", (name) => {
    expect(formatFor(inventType(2205, name))).toEqual(text(`${name} ${anOid}`));
  });

  test.each([
    ["xml", /^column .*: xml gets an encoding declaration/],
    ["record", /record carries the OIDs/],
    ["txid_snapshot", /means nothing on another server/],
    ["pg_snapshot", /means nothing on another server/],
  ])("for %s", (name, reason) => {
    expect(formatFor(inventType(2205, name))).toMatchObject({
      format: "text",
      reason: expect.stringMatching(reason),
    });
  });

  test.each([
    [
      "an array of regclass",
      [inventType(2205, "regclass"), inventType(2210, "regclass[]", { elementOid: 2205 })],
      `regclass ${anOid}`,
    ],
    [
      "a domain over regclass",
      [
        inventType(2205, "regclass"),
        inventType(DOMAIN, "public.tab", { kind: "d", baseOid: 2205 }),
      ],
      `regclass ${anOid}`,
    ],
    [
      "a type without send and receive functions",
      [inventType(1033, "aclitem", { hasBinaryForm: false })],
      "aclitem has no binary form",
    ],
    [
      "an array of an enum: an array carries its element type's OID",
      [
        inventType(ENUM, "public.mood", { kind: "e" }),
        inventType(ENUM + 1, "public.mood[]", { elementOid: ENUM }),
      ],
      "public.mood[] carries its element type's OID",
    ],
    [
      "a composite type",
      [inventType(16_600, "public.pair", { kind: "c" })],
      "public.pair is a user-defined type",
    ],
    [
      "the row type of a system catalog",
      [inventType(83, "pg_class", { kind: "c" })],
      "pg_class carries the OIDs of its columns' types in binary",
    ],
    [
      "a user's range",
      [inventType(16_700, "public.prices", { kind: "r" })],
      "public.prices is a user-defined type",
    ],
    [
      "a user's base type",
      [inventType(16_800, "public.fixed")],
      "public.fixed is a user-defined type",
    ],
    [
      "a type of an extension that is not known",
      [inventType(17_000, "public.geometry", { extension: "postgis" })],
      "public.geometry of extension postgis is not known to be safe",
    ],
    [
      "a composite type of a known extension",
      [inventType(17_000, "public.odd", { extension: "hstore", kind: "c" })],
      "public.odd of extension hstore is not known to be safe",
    ],
  ])("for %s", (_, types, reason) => {
    expect(formatFor(...types)).toEqual(text(reason));
  });

  test("for a type that the catalog does not know", () => {
    const columns = [{ name: "odd", typeOid: 99_999, generated: false }];
    expect(chooseFormat(inventTable({ columns }), inventCatalog(), "auto")).toEqual(
      text("type 99999 is not known"),
    );
  });

  test("from a database of another encoding: binary strings would be in the session's", () => {
    const { database } = inventCatalog();
    const catalog = inventCatalog({ database: { ...database, encoding: "LATIN1" } });
    expect(chooseFormat(inventTable(), catalog, "auto")).toEqual({
      format: "text",
      reason: "the source's encoding is LATIN1",
    });
  });

  test("when asked for", () => {
    expect(chooseFormat(inventTable(), inventCatalog(), "text")).toEqual({
      format: "text",
      reason: "asked for",
    });
  });

  test("where binary was asked for, but would store wrong values", () => {
    const columns = [{ name: "odd", typeOid: 2205, generated: false }];
    const types = new Map([[2205, inventType(2205, "regclass")]]);
    const chosen = chooseFormat(inventTable({ columns }), inventCatalog({ types }), "binary");
    expect(chosen).toEqual(text(`regclass ${anOid}`));
  });
});
