/** The two containers of the benchmark: as far as it goes without a Docker engine. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { embeddedSettings } from "../../bench/server-settings.js";

const file = fileURLToPath(new URL("../../bench/docker/compose.yaml", import.meta.url));

/** What compose makes of the file; undefined where there is no compose. */
function composed(environment: Record<string, string>) {
  try {
    const args = ["compose", "--file", file, "config", "--format", "json"];
    const env = { ...process.env, ...environment };
    return JSON.parse(execFileSync("docker", args, { env, stdio: "pipe" }).toString());
  } catch {
    return undefined;
  }
}

const versions = { PG_SOURCE_VERSION: "14", PG_TARGET_VERSION: "17" };
const config = composed(versions);
if (config === undefined) console.log("skipped: docker compose config, because there is none");

describe("the compose file", () => {
  const text = readFileSync(file, "utf8");

  test("gives both servers the settings of the embedded ones, at one place", () => {
    const given = [...text.matchAll(/^ {4}- -c(\w+)=(\w+)$/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    expect(Object.fromEntries(given)).toEqual({ ...embeddedSettings, autovacuum: "off" });
    expect(given).toHaveLength(Object.keys(embeddedSettings).length + 1);
    for (const side of ["source", "target"])
      expect(text).toMatch(new RegExp(`^ {2}${side}:\\n {4}<<: \\*server\\n {4}image: `, "m"));
  });

  test("takes each server's version from a variable", () => {
    for (const side of ["SOURCE", "TARGET"])
      expect(text).toContain(`image: postgres:\${PG_${side}_VERSION:-16}`);
  });

  test.skipIf(config === undefined)("is what compose understands it to be", () => {
    expect(config.services.source.image).toBe("postgres:14");
    expect(config.services.target.image).toBe("postgres:17");
    expect(config.services.source.command).toEqual(config.services.target.command);
  });
});
