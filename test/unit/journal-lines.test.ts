/** What the lines of a journal in a directory add up to. */

import { describe, expect, test } from "vitest";
import {
  addUp,
  decodeLines,
  encodeLine,
  type Fate,
  type Intent,
  type JournalLine,
  type Recorded,
  unconfirmed,
} from "../../src/load/journal-lines.js";

const server = "1.5/1.0";
let xid = 0;

function intent(recorded: Recorded): Intent {
  return { xid: String(++xid), server, ...recorded };
}

const task = (id: string) =>
  intent({ task: { id, kind: "copy", label: id, rows: 1, bytes: 2, durationMs: 3 } });
const steps = (id: string, done: number) => intent({ id, steps: done });
const committed = (line: Intent): JournalLine => ({ committed: line.xid, server: line.server });

/** As shown: ids that are done, steps that are, and what is unsure. */
function sum(lines: readonly JournalLine[], fate: Fate = "unknown") {
  const fates = new Map(unconfirmed(lines).map((line) => [line, fate] as const));
  const { finished, stepsDone, unsure } = addUp(lines, fates);
  return [[...finished.keys()], Object.fromEntries(stepsDone), Object.fromEntries(unsure)];
}

test("a line that was torn spoils none after it", () => {
  const [one, two] = [task("a"), task("b")];
  const text = encodeLine(one) + encodeLine(two).slice(0, -4) + encodeLine(committed(one));
  expect(decodeLines(text)).toEqual([one, committed(one)]);
  expect(decodeLines("")).toEqual([]);
  expect(decodeLines("null\n7\n\u0000")).toEqual([]);
});

describe("a task", () => {
  test("is done where a line says so, or the server", () => {
    const done = task("a");
    expect(sum([done, committed(done)])).toEqual([["a"], {}, {}]);
    expect(sum([done], "committed")).toEqual([["a"], {}, {}]);
    expect(sum([done], "aborted")).toEqual([[], {}, {}]);
    expect(sum([done])).toEqual([[], {}, { a: Number.POSITIVE_INFINITY }]);
  });

  test("of another life of the server is another one", () => {
    const done = task("a");
    expect(sum([done, { committed: done.xid, server: "2.5/1.0" }], "aborted")[0]).toEqual([]);
  });

  test("that was tried again is done once it is, and unsure no more", () => {
    const again = task("a");
    expect(sum([task("a"), again, committed(again)])).toEqual([["a"], {}, {}]);
  });
});

describe("a task in several transactions", () => {
  test("counts the steps that are done", () => {
    const [two, four] = [steps("a", 2), steps("a", 4)];
    expect(sum([two, committed(two), four])).toEqual([[], { a: 2 }, { a: 4 }]);
    expect(sum([two, committed(two), four, committed(four)])).toEqual([[], { a: 4 }, {}]);
  });

  test("had committed one before it began the next, whatever became of that", () => {
    expect(sum([steps("a", 2), steps("a", 4)])).toEqual([[], { a: 2 }, { a: 4 }]);
    expect(sum([steps("a", 2), task("a")])).toEqual([
      [],
      { a: 2 },
      { a: Number.POSITIVE_INFINITY },
    ]);
    expect(sum([steps("a", 2), steps("a", 2)])).toEqual([[], {}, { a: 2 }]);
  });
});

test("what was taken back is not done; if that is unsure, it is taken back again", () => {
  const [done, taken] = [task("a"), intent({ forgotten: ["a"] })];
  const lines = [done, committed(done), taken];
  expect(sum(lines, "aborted")).toEqual([["a"], {}, {}]);
  expect(sum(lines)).toEqual([[], {}, { a: Number.POSITIVE_INFINITY }]);
  expect(sum([...lines, committed(taken)])).toEqual([[], {}, {}]);
});
