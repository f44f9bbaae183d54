/** Whether the target's server has the providers of the source's security labels. */

import { PgCopyError } from "../errors.js";
import type { SchemaScript } from "../plan/toc.js";
import type { Connection } from "../postgres/connection.js";
import { quoteName } from "../postgres/quote.js";

/**
 * Refuses labels of a provider that the target has not loaded: nobody could set them there. No catalog
 * lists the providers, so the server is asked for a label on a schema that can't be: it looks at the
 * provider first.
 *
 * @throws PgCopyError `target_unfit`, naming the providers and how many labels are theirs.
 */
export async function refuseMissingLabelProviders(
  target: Connection,
  { entries }: SchemaScript,
): Promise<void> {
  const labels = new Map<string, number>();
  for (const { labelProvider } of entries.flatMap((entry) => entry.statements)) {
    if (labelProvider !== undefined)
      labels.set(labelProvider, (labels.get(labelProvider) ?? 0) + 1);
  }
  const missing: string[] = [];
  for (const [provider, count] of labels) {
    if (await isLoaded(target, provider)) continue;
    missing.push(`${provider} (${count} label${count === 1 ? "" : "s"})`);
  }
  if (missing.length === 0) return;
  throw new PgCopyError("the target has not loaded the providers of the source's security labels", {
    code: "target_unfit",
    side: "target",
    items: missing.sort(),
    advice:
      "nothing was changed; load them there (shared_preload_libraries), or leave the labels out with --no-security-labels",
  });
}

const UNDEFINED_SCHEMA = "3F000";

async function isLoaded(target: Connection, provider: string): Promise<boolean> {
  const probe = `security label for ${quoteName(provider)} on schema "pgcopy: no such schema" is null`;
  try {
    await target.execute("looking for the providers of security labels", probe);
    return true;
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.server === undefined) throw error;
    return error.server.sqlstate === UNDEFINED_SCHEMA;
  }
}
