/** What is fuzzed: the parsers of what comes from outside, and what must hold of whatever they accept. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describeEndpoint } from "../../src/endpoint/endpoint.js";
import { parseEndpoint } from "../../src/endpoint/parse-endpoint.js";
import type { PgCopyErrorCode } from "../../src/errors.js";
import { parseFilterFile } from "../../src/filters/filter-file.js";
import { resolveFilters } from "../../src/filters/filters.js";
import { splitScript } from "../../src/schema/split-script.js";
import type { Material } from "./mutate.js";
import { gapsOf, isGap } from "./pieces-of-script.js";

export interface FuzzTarget extends Material {
  readonly name: string;
  /** The only code that a refusal may have. */
  readonly refusal: PgCopyErrorCode;
  /** Parses, and checks what came of it. */
  readonly parse: (input: string) => Promise<void>;
}

/** Where a target's inputs are kept. */
export function corpusFolder(name: string): string {
  return fileURLToPath(new URL(`../corpora/${name}/`, import.meta.url));
}

function kept(name: string): string[] {
  const folder = corpusFolder(name);
  return readdirSync(folder)
    .sort()
    .map((file) => readFileSync(`${folder}${file}`, "utf8"));
}

/** As pg_dump wrote them. */
const written = ["storage", "pg18-bundled"].map((name) =>
  readFileSync(new URL(`../fixtures/dumps/${name}.sql`, import.meta.url), "utf8"),
);

export const fuzzTargets: readonly FuzzTarget[] = [
  {
    name: "dump",
    refusal: "schema_dump_failed",
    corpus: [...kept("dump"), ...written],
    words: [
      ..."; ' \" $$ $a$ /* */ -- ( ) [ ] , \\ E' U& :: := BEGIN ATOMIC END".split(" "),
      "\n--\n-- TOC entry 7 (class 1259 OID 16384)\n-- Name: x; Type: TABLE; Schema: s; Owner: o\n--\n",
      "\n-- Dependencies: 1 2 3\n",
      "\n\\restrict abc\n",
      "\n\\unrestrict abc\n",
      "\\! true\n",
      "\\connect other\n",
      "SET default_tablespace = 't';\n",
      "SET standard_conforming_strings = off;\n",
      "SELECT pg_catalog.set_config('search_path', '', false);\n",
      "CREATE TABLE s.t (a integer, CONSTRAINT c CHECK ((a > 0)));\n",
      "COPY s.t (a) FROM stdin;\n1\n\\.\n",
      "-- PostgreSQL database dump complete",
      "ALTER TABLE ONLY s.t ALTER COLUMN a SET (pg_attver=1);\n",
    ],
    parse: async (input) => {
      // pg_dump's bytes are decoded before: no surrogate stands alone.
      const script = Buffer.from(input, "utf8").toString("utf8");
      const split = await splitScript(script);
      // Where it is taken out, a statement is no longer what the script says.
      if (script.includes("pg_attver")) return;
      const gaps = gapsOf(script, split);
      assert.ok(gaps.every(isGap), "a piece of the script that is no gap got lost");
    },
  },
  {
    name: "filters",
    refusal: "usage",
    corpus: kept("filters"),
    words: [
      ...'[ ] " "" . ~ / \\ ; # = ~/ ~[ [^ [:digit:] (?: )* ( ) {2} | ^ $ public. *'.split(" "),
      "[include-only-table]\n",
      "[exclude-schema]\n",
      "[exclude-index]\n",
      "\r\n",
      "\ufeff",
      "\n",
    ],
    parse: async (input) => {
      const filters = parseFilterFile(input, "the file");
      const entries = Object.values(filters).flat();
      assert.ok(entries.length > 0);
      resolveFilters(filters);
    },
  },
  {
    name: "endpoint",
    refusal: "usage",
    corpus: kept("endpoint"),
    words: [
      ..."postgres:// postgresql:// pgdata: null: :// @ : / ? & = % %2F %00 %FF , [::1] ' \\ #".split(
        " ",
      ),
      "host=",
      "hostaddr=127.0.0.1",
      "port=5432",
      "sslmode=verify-full",
      "sslrootcert=system",
      "service=none",
      "connect_timeout=10",
      "password='a b'",
      "options=-c%20geqo=off",
    ],
    parse: async (input) => {
      const endpoint = await parseEndpoint(input, {}, "source");
      const shown = describeEndpoint(endpoint);
      assert.ok(shown.length > 0);
    },
  },
];
