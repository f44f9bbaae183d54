/** The options of the benchmark's commands (bench/options.js). */

import { expect, test } from "vitest";
import { readOptions, usage } from "../../bench/options.js";

test.each([
  [["--scale", "-1"], "--scale must be a number above 0, not -1"],
  [["--scale=-.5"], "--scale must be a number above 0, not -.5"],
  [["--scale", "x"], "--scale must be a number above 0, not x"],
  [["--rounds", "0"], "--rounds must be a number above 0, not 0"],
  [["--rounds", "1.5"], "--rounds must be a whole number, not 1.5"],
  [["huge"], /^no data set "huge": there are tiny, /],
  [["--contestants", "pgcopy,foo"], /^no contestant "foo": there are pgcopy, /],
  [["--nonsense"], /^Unknown option '--nonsense'/],
])("%j is refused in a line", (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});

test("the help says what each data set's rounds are, and who has to be named", () => {
  expect(usage).toContain(
    "(default: 10 for tiny; 5 for many; 3 for mixed, wide, toast; 2 for one-big)",
  );
  expect(usage).toContain("(default: all but pgcopy-bundled)");
});

test("a number of its own is not joined with the option before it", () => {
  expect(readOptions(["--scale", "0.5", "tiny", "--jobs", "2"])).toMatchObject({
    scale: 0.5,
    jobs: 2,
    dataSets: [{ name: "tiny" }],
  });
});
