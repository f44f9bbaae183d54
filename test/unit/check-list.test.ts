/** The list of checks, and the page that names them. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { contentChecks, serverChecks } from "../../src/check/run-checks.js";

test("docs/check.md names every check, in backquotes, and each has one name", () => {
  const page = readFileSync(new URL("../../docs/check.md", import.meta.url), "utf8");
  const named = new Set([...page.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name));
  const names = [...Object.keys(serverChecks), ...Object.keys(contentChecks)];
  expect(names.filter((name) => !named.has(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});
