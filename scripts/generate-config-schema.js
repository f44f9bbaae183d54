/**
 * Writes pgcopy.schema.json and the table in docs/configuration.md from the built option table
 * (dist/config/), so that neither can say anything else than the program.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { configSchema, optionsTable } from "../dist/config/config-schema.js";

const schema = new URL("../pgcopy.schema.json", import.meta.url);
writeFileSync(schema, `${JSON.stringify(configSchema(), undefined, 2)}\n`);

const page = new URL("../docs/configuration.md", import.meta.url);
const table = /(<!-- The options:[^>]*-->\n)[\s\S]*?(<!-- End of the options\. -->)/;
writeFileSync(
  page,
  readFileSync(page, "utf8").replace(
    table,
    (_all, begin, end) => `${begin}\n${optionsTable()}\n\n${end}`,
  ),
);
