/** The options of a run as its report shows them. */

import type { CloneOptions } from "../options/clone-options.js";
import { resumeOptionNames } from "../options/resume-options.js";
import { type ConfigName, configNames } from "./option-table.js";

/** The report names both ends anyway, without their passwords. */
const ENDPOINTS: readonly ConfigName[] = ["source", "target"];

/**
 * What was given and is not plainly off; without the endpoints, which may hold passwords. Of `mask` it is
 * the names of the columns: an expression may hold a secret salt. `where` is shown as it is, since the
 * conditions say which rows were copied, and are no place for secrets.
 */
export function shownOptions(options: CloneOptions): Record<string, unknown> {
  const shown = [
    ...configNames.filter((name) => !ENDPOINTS.includes(name)),
    ...(Object.keys(resumeOptionNames) as (keyof typeof resumeOptionNames)[]),
  ];
  return Object.fromEntries(
    shown.flatMap((name) => {
      const value: unknown = options[name];
      if (value === undefined || value === false) return [];
      return [[name, name === "mask" ? Object.keys(options.mask ?? {}) : value]];
    }),
  );
}
