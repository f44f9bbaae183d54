/** The options of clone and plan: from what was typed, and a configuration file, to what the library takes. */

import { chooseEndpoints } from "./endpoints.js";
import { takeFilters } from "./filter-options.js";
import type { CloneOptions, ConfigOptions } from "./library.js";
import { mergeOptions } from "./merge-options.js";
import type { Output } from "./output.js";
import type { CopyFlags } from "./program/copy-commands.js";
import { readRequirements } from "./requirements-file.js";

export function copyOptions(
  { environment }: Output,
  endpoints: readonly string[],
  flags: CopyFlags,
  configured: ConfigOptions = {},
): CloneOptions {
  const {
    json,
    verbose,
    quiet,
    report,
    config,
    owner,
    acl,
    securityLabels,
    rolePasswords,
    allDatabases,
    tablespaces,
    requirements,
    ...rest
  } = flags;
  const { filters, others: same } = takeFilters(rest);
  const given = {
    ...same,
    ...(filters === undefined ? {} : { filters }),
    noOwner: !owner,
    noAcl: !acl,
    noSecurityLabels: !securityLabels,
    ...(tablespaces ? {} : { noTablespaces: true }),
    ...(requirements === undefined ? {} : { requirements: readRequirements(requirements) }),
    ...(rolePasswords ? {} : { noRolePasswords: true }),
  };
  return {
    ...mergeOptions(configured, given),
    ...chooseEndpoints(endpoints, environment, configured),
    environment,
  };
}
