/** Whether the target has what the source takes for granted: extensions, collations, tablespaces. */

import type { Check } from "./context.js";
import { type Found, found } from "./finding.js";

/** What a clone would refuse the target for, and what it would tell of the target's extensions. */
export const extensions: Check = ({ obstacles = [], notices = [] }) => [
  ...obstacles.map(({ message, items, advice, statements = [] }) =>
    found("error", "target", message, { items, advice, statements }),
  ),
  ...notices.map(
    ({ level, message }): Found =>
      found(level, "target", message, { advice: "see that this is what you want" }),
  ),
];
