/** What must be true of the plan before it is carried out. */

import { PgCopyError } from "../errors.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import { relationName } from "../plan/task.js";

/**
 * `binary` is an order, not a wish: a table that can't be copied so is named, not copied otherwise.
 *
 * @throws PgCopyError `usage`, listing the tables and the reasons.
 */
export function refuseTextTables(plan: ClonePlan, options: ResolvedOptions): void {
  if (options.copyFormat !== "binary") return;
  const text = plan.tables.filter(({ format }) => format === "text");
  if (text.length === 0) return;
  throw new PgCopyError(
    `${text.length} of ${plan.tables.length} tables can't be copied in binary format without changing their values`,
    {
      code: "usage",
      items: text.map(({ table, formatReason }) => `${relationName(table)}: ${formatReason}`),
      advice:
        "nothing was changed; use --copy-format auto, which copies these as text and all others as binary",
    },
  );
}
