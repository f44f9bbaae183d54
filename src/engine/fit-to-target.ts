/**
 * The source's content held against the target, before anything is changed: what stands in the way
 * (extensions, collations, tablespaces), and the schema as this target can take it.
 */

import { PgCopyError } from "../errors.js";
import { findMissingCollations } from "../load/check-collations.js";
import { findPresentRows } from "../load/check-extension-rows.js";
import { findMissingTablespaces } from "../load/check-tablespaces.js";
import { findMissingMembers, readUsedMembers } from "../load/extension-members.js";
import {
  findForbiddenExtensions,
  readSchemas,
  readTargetExtensions,
} from "../load/target-extensions.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import { neededCollations } from "../plan/collations.js";
import { withHookStatements } from "../plan/extension-hooks.js";
import { extensionEntries, withKeptSchemas, withoutExtensions } from "../plan/extensions.js";
import { fitExtensions } from "../plan/fit-extensions.js";
import type { Obstacle } from "../plan/obstacle.js";
import { neededTablespaces } from "../plan/tablespaces.js";
import type { SchemaScript } from "../plan/toc.js";
import type { SourceContent } from "./read-source.js";
import type { Run } from "./run.js";
import type { OpenServers } from "./servers.js";

type Servers = Pick<OpenServers, "source" | "target" | "targetExists" | "shared">;

export interface FittedContent {
  readonly content: SourceContent;
  /** See `refuseObstacles`. */
  readonly obstacles: readonly Obstacle[];
}

/**
 * Fits the content to the target, and tells what will be different there.
 *
 * @throws PgCopyError `usage` for a required extension that the source doesn't have.
 */
export async function fitToTarget(
  servers: Servers,
  content: SourceContent,
  options: ResolvedOptions,
  run: Run,
): Promise<FittedContent> {
  // Of many databases one will do: `planInstance` asks for all of them.
  if (servers.shared === undefined)
    refuseUnknownPins(
      content.catalog.extensions.map(({ name }) => name),
      options,
    );
  const extensions = options.skipExtensions
    ? await leaveOutExtensions(servers, content)
    : await fitToExtensions(servers, content, options, run);
  const obstacles = [
    ...extensions.obstacles,
    ...(await missingCollations(servers, content, options)),
    ...(await missingTablespaces(servers, content)),
  ];
  const schema = withHookStatements(extensions.schema, content.hooks);
  return { content: { ...content, schema }, obstacles };
}

/** @throws PgCopyError `target_unfit`, with all of them. */
export function refuseObstacles(obstacles: readonly Obstacle[]): void {
  const [first] = obstacles;
  if (first === undefined) return;
  const items = obstacles.flatMap((one) => one.items);
  const message =
    obstacles.length === 1 ? first.message : obstacles.map((one) => one.message).join("; ");
  const advice = obstacles.map((one) => one.advice).join("; ");
  const statements = obstacles.flatMap((one) => one.statements ?? []);
  throw new PgCopyError(message, {
    code: "target_unfit",
    side: "target",
    items,
    statements,
    advice: `nothing was changed; ${advice}`,
  });
}

/** For the report of `plan`: every item with what is wrong with it. */
export function describeObstacles(obstacles: readonly Obstacle[]): string[] {
  return obstacles.flatMap(({ message, items }) => items.map((item) => `${message}: ${item}`));
}

interface Fitted {
  readonly schema: SchemaScript;
  readonly obstacles: readonly Obstacle[];
}

async function fitToExtensions(
  { source, target, targetExists }: Servers,
  { catalog, schema }: SourceContent,
  options: ResolvedOptions,
  run: Run,
): Promise<Fitted> {
  if (extensionEntries(schema).size === 0 && options.requirements.length === 0)
    return { schema, obstacles: [] };
  const names = catalog.extensions.map(({ name }) => name);
  const there = await readTargetExtensions(target, targetExists, names);
  // Half a second with thousands of tables, and only of use where a schema differs.
  const elsewhere = catalog.extensions.some(({ name, schema: own }) => {
    const found = there.installed.get(name);
    return found !== undefined && found.schema !== own;
  });
  const used = elsewhere ? await readUsedMembers(source) : [];
  const fitted = fitExtensions(schema, {
    extensions: catalog.extensions,
    pins: options.requirements,
    target: there,
    used: new Set(used.map(({ extension }) => extension)),
  });
  for (const notice of fitted.notices) run.info(notice);
  for (const warning of fitted.warnings) run.warn(warning);
  const present = options.dropIfExists
    ? []
    : await findPresentRows(target, there.installed, catalog.extensionTables);
  const forbidden = await findForbiddenExtensions(target, fitted.doubtful);
  return { schema: fitted.schema, obstacles: [...fitted.obstacles, ...forbidden, ...present] };
}

async function leaveOutExtensions(
  { source, target, targetExists }: Servers,
  { catalog, schema }: SourceContent,
): Promise<Fitted> {
  const used = await readUsedMembers(source);
  const there = targetExists ? await readSchemas(target) : new Map<string, { owned: boolean }>();
  // Whoever put the extensions' objects there made their schemas, too.
  const kept = catalog.extensions.flatMap(({ schema: name, schemaOid }) => {
    const found = name === "public" ? undefined : there.get(name);
    return found === undefined ? [] : [[schemaOid, found] as const];
  });
  return {
    schema: withKeptSchemas(withoutExtensions(schema), new Map(kept)),
    obstacles: await findMissingMembers(target, targetExists, used),
  };
}

/**
 * @param extensions names of those that the source has.
 * @throws PgCopyError `usage`, naming the required ones that are not among them.
 */
export function refuseUnknownPins(
  extensions: readonly string[],
  { requirements }: Pick<ResolvedOptions, "requirements">,
): void {
  const known = new Set(extensions);
  const unknown = requirements.filter(({ name }) => !known.has(name));
  if (unknown.length === 0) return;
  const some = unknown.length === 1 ? "an extension" : `${unknown.length} extensions`;
  throw new PgCopyError(`the requirements name ${some} that the source doesn't have`, {
    code: "usage",
    items: unknown.map(({ name, version }) => `${name} ${version}`),
    advice: "nothing was changed; take them out of the requirements",
  });
}

async function missingCollations(
  { target, targetExists }: Servers,
  { catalog, schema }: SourceContent,
  options: ResolvedOptions,
): Promise<Obstacle[]> {
  const { encoding } = catalog.database;
  const needed = neededCollations(schema, options);
  return await findMissingCollations(target, needed, { exists: targetExists, encoding });
}

async function missingTablespaces(
  { target }: Servers,
  { schema }: SourceContent,
): Promise<Obstacle[]> {
  const needed = new Map(
    [...neededTablespaces(schema)].map(([name, count]) => [
      name,
      count === 1 ? "of 1 object" : `of ${count} objects`,
    ]),
  );
  return await findMissingTablespaces(target, needed);
}
