/**
 * Whether two databases are the same: what the bundled pg_dump says of their schemas, every row as
 * text, and the states that a dump does not show. It computes its own checksums, so that a mistake
 * in the engine's verification can't hide one in the engine's copy.
 */

import { expect } from "vitest";
import { parseEndpoint } from "../../src/endpoint/parse-endpoint.js";
import { connect } from "../../src/postgres/connect.js";
import type { Connection } from "../../src/postgres/connection.js";
import { dumpSchema } from "../../src/schema/dump.js";
import { holdSnapshot } from "../../src/snapshot/held-snapshot.js";
import { type Contents, readContents, rowsOf } from "./database-contents.js";

const never = new AbortController().signal;

/**
 * The schema as the bundled pg_dump prints it, without what differs between two dumps of the same
 * schema: versions and times, OIDs, and pg_dump's own numbers.
 */
export async function schemaOf(uri: string): Promise<string> {
  return await withConnection(uri, async (connection) => {
    const snapshot = await holdSnapshot(connection);
    const { script } = await dumpSchema(connection, {
      snapshotId: snapshot.id,
      pgDump: "bundled",
      environment: {},
      signal: never,
      noOwner: false,
      noAcl: false,
    });
    await snapshot.release();
    return normalised(script);
  });
}

function normalised(script: string): string {
  return script
    .replaceAll(/^-- (Dumped (from|by)|Started on|Completed on) .*\n/gm, "")
    .replaceAll(
      /^--\n-- TOC entry \d+ \(class (\d+) OID \d+\)\n(-- Dependencies: [\d ]+\n)?(?=-- (Name|Data for Name): )/gm,
      "--\n-- TOC entry of class $1\n",
    );
}

/** Every row, sequence and state that pg_dump's schema does not show. */
export async function dataOf(uri: string): Promise<Contents> {
  return await withConnection(uri, readContents);
}

/**
 * Asserts that the target's schema and data are the source's; what differs is the message. Servers
 * of different major versions print the same view or procedure in different words: between them
 * the schemas are compared by their entries' names.
 */
export async function expectSameDatabase(sourceUri: string, targetUri: string): Promise<void> {
  await expectSameSchema(sourceUri, targetUri);
  await expectSameData(sourceUri, targetUri);
}

/** Asserts that pg_dump prints the same of both. */
export async function expectSameSchema(sourceUri: string, targetUri: string): Promise<void> {
  const [source, target] = await Promise.all([schemaOf(sourceUri), schemaOf(targetUri)]);
  const entries = { source: splitEntries(source), target: splitEntries(target) };
  const headings = { source: entries.source.map(heading), target: entries.target.map(heading) };
  const compared = (await sameMajor(sourceUri, targetUri)) ? entries : headings;
  expect(
    {
      onlyInSource: without(compared.source, compared.target),
      onlyInTarget: without(compared.target, compared.source),
    },
    "entries of the schema that are in one database only",
  ).toEqual({ onlyInSource: [], onlyInTarget: [] });
  if (compared === entries) {
    expect(headings.target, "the order of the entries").toEqual(headings.source);
  }
}

/** Asserts that all rows, sequences and states are the same. */
export async function expectSameData(sourceUri: string, targetUri: string): Promise<void> {
  const [source, target] = await Promise.all([dataOf(sourceUri), dataOf(targetUri)]);
  const inOwnWords = (await sameMajor(sourceUri, targetUri)) ? [] : printedByServer;
  const differences: Record<string, unknown> = {};
  for (const kind of Object.keys(source) as (keyof Contents)[]) {
    if (inOwnWords.includes(kind)) continue;
    for (const name of new Set([...source[kind].keys(), ...target[kind].keys()])) {
      const [here, there] = [source[kind].get(name), target[kind].get(name)];
      if (here === there) continue;
      const hasRows = kind === "tables" && here !== undefined && there !== undefined;
      differences[`${kind}: ${name}`] = {
        source: here ?? "missing",
        target: there ?? "missing",
        ...(hasRows ? await rowsThatDiffer(sourceUri, targetUri, name) : {}),
      };
    }
  }
  expect(differences, "what differs between source and target").toEqual({});
}

/** What a server prints in words of its own, or made differently, from one major version to the next. */
const printedByServer: readonly (keyof Contents)[] = ["rules", "partitionTriggers"];

async function sameMajor(sourceUri: string, targetUri: string): Promise<boolean> {
  const major = (connection: Connection) =>
    Promise.resolve(Math.floor(connection.serverVersion / 10_000));
  return (await withConnection(sourceUri, major)) === (await withConnection(targetUri, major));
}

/** The first few rows that only one of the two has. */
async function rowsThatDiffer(
  sourceUri: string,
  targetUri: string,
  table: string,
): Promise<{ onlyInSource: string[]; onlyInTarget: string[] }> {
  return await withConnection(sourceUri, (source) =>
    withConnection(targetUri, async (target) => {
      const [here, there] = await Promise.all([rowsOf(source, table), rowsOf(target, table)]);
      const shown = (rows: string[]) => rows.slice(0, 3).map((row) => row.slice(0, 400));
      return {
        onlyInSource: shown(without(here, there)),
        onlyInTarget: shown(without(there, here)),
      };
    }),
  );
}

/** The texts of `list` that `other` lacks, counting repeated ones. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of other) counts.set(text, (counts.get(text) ?? 0) + 1);
  return list.filter((text) => {
    const left = counts.get(text) ?? 0;
    counts.set(text, left - 1);
    return left <= 0;
  });
}

/** One text for each entry: its heading and its statements. */
function splitEntries(script: string): string[] {
  return script.split(/^(?=--\n-- TOC entry of class)/m).map((entry) => entry.trim());
}

/** Without the `IN` of a procedure's arguments, which is printed from version 14 on. */
function heading(entry: string): string {
  const line = /^-- Name: .*$/m.exec(entry)?.[0];
  return line === undefined ? "the beginning" : line.replaceAll(/([(,] ?)IN /g, "$1");
}

async function withConnection<T>(
  uri: string,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const endpoint = await parseEndpoint(uri, {}, "source");
  if (endpoint.kind !== "server") throw new Error("a test compares running servers only");
  await using connection = await connect(endpoint, {
    side: "source",
    purpose: "test comparison",
    signal: never,
  });
  return await use(connection);
}
