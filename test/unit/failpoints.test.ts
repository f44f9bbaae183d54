/** Failpoints: the list is what stands in the code, and an armed one acts when it should. */

import { afterEach, describe, expect, test } from "vitest";
import { parseFailpoints } from "../../src/cli/failpoints.js";
import {
  armedFailpoints,
  armFailpoints,
  committed,
  failpoint,
  failpoints,
  isArmed,
} from "../../src/run/failpoints.js";
import { codeOf, sourceFiles } from "./source-files.js";

const never = new AbortController().signal;

afterEach(() => armFailpoints([]));

/** What stands in the code: by its name, or by that of what is committed. */
function inTheCode(): Set<string> {
  const names = new Set<string>();
  const addCommitted = (what: string) => {
    for (const moment of ["before-commit", "after-commit"]) names.add(`${what}.${moment}`);
  };
  for (const path of sourceFiles) {
    if (path === "run/failpoints.ts") continue;
    const code = codeOf(path);
    for (const [, name] of code.matchAll(/\bfailpoint(?:\(|: )"([^"]+)"/g)) names.add(name ?? "");
    for (const [, what] of code.matchAll(/\bcommit\(\s*\w+,\s*"(\w+)"/g)) addCommitted(what ?? "");
    for (const [, what] of code.matchAll(/\bcommitted: "(\w+)"/g)) addCommitted(what ?? "");
  }
  // The recorder's are called after the kind of the task.
  for (const kind of committed) {
    const planned = sourceFiles.some(
      (path) => path.startsWith("plan/") && codeOf(path).includes(`"${kind}"`),
    );
    if (planned) addCommitted(kind);
  }
  return names;
}

test("the list holds every failpoint of the code, and no other", () => {
  expect([...inTheCode()].sort()).toEqual([...failpoints].sort());
  expect(new Set(failpoints).size).toBe(failpoints.length);
});

describe("a failpoint", () => {
  test("that is not armed is nothing to wait for", () => {
    expect(failpoint("copy.begin", never)).toBeUndefined();
    armFailpoints([{ name: "copy.data", action: "error", hit: 1 }]);
    expect(failpoint("copy.begin", never)).toBeUndefined();
    expect(isArmed("copy.begin")).toBe(false);
  });

  test("acts at its hit, once, and is told of", async () => {
    const fired: string[] = [];
    const spec = { name: "copy.begin", action: "error", hit: 2 } as const;
    armFailpoints([spec], ({ name, action }) => fired.push(`${name} ${action}`));
    expect(isArmed("copy.begin")).toBe(true);
    expect(armedFailpoints()).toEqual([spec]);
    expect(failpoint("copy.begin", never)).toBeUndefined();
    await expect(failpoint("copy.begin", never)).rejects.toMatchObject({
      code: "task_failed",
      message: "failpoint copy.begin",
      retrySafe: false,
    });
    expect(failpoint("copy.begin", never)).toBeUndefined();
    expect(fired).toEqual(["copy.begin error"]);
  });

  test("that stands still ends with the signal", async () => {
    armFailpoints([{ name: "copy.begin", action: "stall", hit: 1 }]);
    const stop = new AbortController();
    const stalled = failpoint("copy.begin", stop.signal);
    stop.abort();
    await expect(stalled).rejects.toMatchObject({ code: "interrupted" });
  });

  test("that stands still with a signal that is aborted already ends, too", async () => {
    armFailpoints([{ name: "copy.begin", action: "stall", hit: 1 }]);
    await expect(failpoint("copy.begin", AbortSignal.abort())).rejects.toMatchObject({
      code: "interrupted",
    });
  });
});

describe("PGCOPY_FAILPOINTS", () => {
  test("names points, actions and hits", () => {
    expect(parseFailpoints("copy.before-commit=kill@3,index.begin=error")).toEqual([
      { name: "copy.before-commit", action: "kill", hit: 3 },
      { name: "index.begin", action: "error", hit: 1 },
    ]);
    expect(parseFailpoints("")).toEqual([]);
  });

  test.each(["copy.never=kill", "copy.begin", "copy.begin=explode", "copy.begin=kill@0"])(
    "refuses %s",
    (text) => {
      expect(() => parseFailpoints(text)).toThrow(`PGCOPY_FAILPOINTS: ${text} is no failpoint`);
    },
  );
});
