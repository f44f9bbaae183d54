/**
 * CREATE SUBSCRIPTION, fitted to the target's version. pg_dump writes the parameters that differ from
 * its own version's defaults, and says of an older source what that does without being asked (before
 * 16 changes are applied as the owner: `run_as_owner = true`). An older target knows no such words, and
 * on a newer one other defaults would hold.
 */

import type { TocEntry } from "./toc.js";

/** Since which server_version_num CREATE SUBSCRIPTION takes a parameter (its reference page, 12 to 18). */
const knownSince: ReadonlyMap<string, number> = new Map([
  ["binary", 140_000],
  ["streaming", 140_000],
  ["two_phase", 150_000],
  ["disable_on_error", 150_000],
  ["password_required", 160_000],
  ["run_as_owner", 160_000],
  ["origin", 160_000],
  ["failover", 170_000],
]);

export interface SubscriptionVersions {
  /** server_version_num of the target. */
  readonly targetVersion: number;
  /** The major version of the pg_dump that wrote the statements. */
  readonly pgDumpMajor: number;
}

/** The entries with their subscriptions as the target creates them like the source's. */
export function fitSubscriptions(
  entries: readonly TocEntry[],
  versions: SubscriptionVersions,
): readonly TocEntry[] {
  const concerned = (entry: TocEntry) =>
    entry.statements.some((statement) => statement.kind === "subscription");
  if (!entries.some(concerned)) return entries;
  return entries.map((entry) =>
    concerned(entry)
      ? {
          ...entry,
          statements: entry.statements.map((statement) => ({
            ...statement,
            sql: fitSubscription(statement.sql, versions),
          })),
        }
      : entry,
  );
}

/** pg_dump's parameters come last, `connect` first of them; no value of theirs holds a comma. */
const PARAMETERS = /^(create subscription .* with \()(connect = false, [^()]*)\)$/is;

/** Parameters whose default is another one since a major version, and what it was before. */
const changedDefaults: readonly (readonly [name: string, since: number, before: string])[] = [
  ["run_as_owner", 16, "true"],
  ["streaming", 18, "off"],
];

function fitSubscription(
  sql: string,
  { targetVersion, pgDumpMajor }: SubscriptionVersions,
): string {
  const [, head, parameters] = PARAMETERS.exec(sql) ?? [];
  if (head === undefined || parameters === undefined) return sql;
  const fitted = parameters.split(", ").flatMap((parameter) => {
    const name = parameter.split(" ", 1)[0] ?? "";
    if ((knownSince.get(name) ?? 0) > targetVersion) return [];
    // Streaming to parallel workers came with 16; before it, streaming is on or off.
    const tooNew = parameter === "streaming = parallel" && targetVersion < 160_000;
    return [tooNew ? "streaming = on" : parameter];
  });
  const unsaid = changedDefaults
    .filter(([name, since]) => {
      const said = fitted.some((parameter) => parameter.startsWith(`${name} =`));
      return !said && pgDumpMajor < since && targetVersion >= since * 10_000;
    })
    .map(([name, , before]) => `${name} = ${before}`);
  return `${head}${[...fitted, ...unsaid].join(", ")})`;
}
