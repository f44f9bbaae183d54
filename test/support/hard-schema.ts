/**
 * A database that is hard to copy, on purpose: the SQL is in `test/fixtures/hard`, one file per
 * topic. A line `-- block NAME` begins a block, which is sent as one script; `-- if CONDITION`,
 * `-- else` and `-- end` guard what only some servers can do.
 */

import { readdir, readFile } from "node:fs/promises";
import type pg from "pg";
import { quoteLiteral, quoteName } from "../../src/postgres/quote.js";
import type { TestDatabase } from "./servers.js";

const folder = new URL("../fixtures/hard/", import.meta.url);

/** The roles that own things in the hard schema, or have rights in it: any server it is copied to needs them. */
export const hardRoles: readonly string[] = [
  "pgcopy_hard_owner",
  "pgcopy_hard_reader",
  "pgcopy_hard_writer",
  'pgcopy hard; "drop" -- rôle 🐘',
];

/** What a server can do, as far as the fixture's conditions ask. */
export interface HardFeatures {
  /** server_version_num. */
  readonly version: number;
  readonly icu: boolean;
  readonly xml: boolean;
  /** Names of the extensions that could be created. */
  readonly available: ReadonlySet<string>;
}

/** A block of the fixture: what is sent as one script. */
export interface HardBlock {
  /** `06-constraints.sql: keys`. */
  readonly title: string;
  readonly sql: string;
}

/** Creates the roles of the hard schema, those that are missing. */
export async function ensureRoles(on: Pick<TestDatabase, "execute">): Promise<void> {
  for (const role of hardRoles) {
    // Two test files may come here at once: the role that the other one made is as good.
    await on.execute(
      `do $do$ begin
         create role ${quoteName(role)};
       exception when duplicate_object or unique_violation then null;
       end $do$`,
    );
  }
}

/**
 * Fills an empty database with the hard schema and its data.
 *
 * @param major leaves out what only newer majors have: for a database that is to be copied to an
 *   older server (not from 14 or newer to 13 or older, which know no multiranges: every range type
 *   has one). The server's own unless given.
 */
export async function createHardSchema(
  database: TestDatabase,
  major: number = database.server.major,
): Promise<void> {
  await ensureRoles(database);
  await database.withClient(async (client) => {
    const features = await readFeatures(client);
    const version = Math.min(features.version, major * 10_000 + 9_999);
    for (const block of await hardBlocks({ ...features, version })) {
      await client.query(block.sql).catch((error: Error) => {
        throw new Error(`${block.title}: ${error.message}`, { cause: error });
      });
    }
  });
}

async function readFeatures(client: pg.Client): Promise<HardFeatures> {
  const { rows } = await client.query<{ version: number; icu: boolean; available: string[] }>(
    `select current_setting('server_version_num')::int as version,
       exists (select from pg_catalog.pg_collation where collprovider = 'i') as icu,
       (select array_agg(name::text) from pg_catalog.pg_available_extensions) as available`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error("the server did not say what it can do");
  const xml = await client.query("select '<a/>'::xml").then(
    () => true,
    () => false,
  );
  return { ...row, xml, available: new Set(row.available) };
}

/** The blocks that a server with these features can run, in order. */
export async function hardBlocks(features: HardFeatures): Promise<HardBlock[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".sql")).sort();
  const blocks: HardBlock[] = [];
  for (const file of files) {
    const text = await readFile(new URL(file, folder), "utf8");
    blocks.push(...splitBlocks(file, selectLines(file, text, features)));
  }
  return blocks;
}

/** The lines whose conditions hold. */
function selectLines(file: string, text: string, features: HardFeatures): string[] {
  const selected: string[] = [];
  const open: boolean[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const condition = /^-- if (.*)$/.exec(line)?.[1];
    if (condition !== undefined) {
      open.push(holds(condition, features, `${file}:${index + 1}`));
    } else if (line === "-- else" || line === "-- end") {
      const last = open.pop();
      if (last === undefined) throw new Error(`${file}:${index + 1}: no condition is open`);
      if (line === "-- else") open.push(!last);
    } else if (open.every(Boolean)) {
      selected.push(line);
    }
  }
  if (open.length > 0) throw new Error(`${file}: a condition is not closed`);
  return selected;
}

function holds(condition: string, features: HardFeatures, where: string): boolean {
  return condition.split(" and ").every((term) => {
    const [word, operator, value] = term.split(" ");
    if (term === "icu") return features.icu;
    if (term === "xml") return features.xml;
    if (word === "available" && operator !== undefined) return features.available.has(operator);
    if (word === "version" && operator === ">=") return features.version >= Number(value);
    if (word === "version" && operator === "<") return features.version < Number(value);
    throw new Error(`${where}: unknown condition ${quoteLiteral(term)}`);
  });
}

function splitBlocks(file: string, lines: readonly string[]): HardBlock[] {
  const blocks: { title: string; lines: string[] }[] = [];
  for (const line of lines) {
    const name = /^-- block (.*)$/.exec(line)?.[1];
    if (name !== undefined) blocks.push({ title: `${file}: ${name}`, lines: [] });
    else blocks.at(-1)?.lines.push(line);
  }
  return blocks.map((block) => ({ title: block.title, sql: block.lines.join("\n") }));
}
