/** Writes the table of failures in docs/faults.md from the built list (dist/postgres/known-failures.js). */

import { readFileSync, writeFileSync } from "node:fs";
import { failuresTable } from "../dist/postgres/failures-table.js";

const page = new URL("../docs/faults.md", import.meta.url);
const table = /(<!-- The failures:[^>]*-->\n)[\s\S]*?(<!-- End of the failures\. -->)/;
writeFileSync(
  page,
  readFileSync(page, "utf8").replace(
    table,
    (_all, begin, end) => `${begin}\n${failuresTable()}\n\n${end}`,
  ),
);
