/** The options of a run as its report shows them. */

import type { CloneOptions } from "../options.js";
import { type ConfigName, configNames } from "./option-table.js";

/** The report names both ends anyway, without their passwords. */
const ENDPOINTS: readonly ConfigName[] = ["source", "target"];

/** What was given and is not plainly off; without the endpoints, which may hold passwords. */
export function shownOptions(options: CloneOptions): Record<string, unknown> {
  const shown = configNames.filter((name) => !ENDPOINTS.includes(name));
  return Object.fromEntries(
    shown.flatMap((name) => {
      const value: unknown = options[name];
      return value === undefined || value === false ? [] : [[name, value]];
    }),
  );
}
