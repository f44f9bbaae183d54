/** The options of clone and plan: from what was typed to what the library takes. */

import { chooseEndpoints } from "./endpoints.js";
import type { CloneOptions } from "./library.js";
import type { Output } from "./output.js";
import type { CopyFlags } from "./program.js";
import { readRequirements } from "./requirements-file.js";

export function copyOptions(
  { environment }: Output,
  endpoints: readonly string[],
  flags: CopyFlags,
): CloneOptions {
  const { json, verbose, quiet, owner, acl, tablespaces, requirements, ...same } = flags;
  return {
    ...chooseEndpoints(endpoints, environment),
    ...same,
    noOwner: !owner,
    noAcl: !acl,
    ...(tablespaces ? {} : { noTablespaces: true }),
    ...(requirements === undefined ? {} : { requirements: readRequirements(requirements) }),
    environment,
  };
}
