import { expect, test } from "vitest";
import { errorEvent, errorLines } from "../../src/cli/error-output.js";
import { exitCodeOf, exitCodes } from "../../src/cli/exit-codes.js";
import { paintFor } from "../../src/cli/output.js";
import { PgCopyError, type PgCopyErrorCode } from "../../src/errors.js";
import { interruptedError } from "../../src/run/abort.js";

const paint = paintFor({ write: () => true }, {});
const quiet = { paint, verbose: false };

/** A type that has every code as a key makes sure that none is missing here. */
const expected: Record<PgCopyErrorCode, number> = {
  internal: 1,
  usage: 2,
  connection_failed: 3,
  source_unfit: 4,
  target_unfit: 4,
  schema_dump_failed: 4,
  task_failed: 5,
  verification_failed: 6,
  rows_rejected: 7,
  interrupted: 130,
};

test("every code of an error has its exit code, and the table has no other", () => {
  for (const [code, exitCode] of Object.entries(expected)) {
    expect(exitCodeOf(code as PgCopyErrorCode)).toBe(exitCode);
  }
  expect(exitCodes.flatMap(({ errorCodes }) => errorCodes).toSorted()).toEqual(
    Object.keys(expected).toSorted(),
  );
});

test("an error shows the server's words, what it is about, and what to do", () => {
  const error = new PgCopyError(
    "COPY public.orders failed on target: duplicate key (SQLSTATE 23505)",
    {
      code: "task_failed",
      server: {
        severity: "ERROR",
        sqlstate: "23505",
        message: "duplicate key",
        detail: "Key (id)=(1)\nalready exists.",
        hint: "Try another.",
      },
      items: ["public.orders", "public.\u001b[31mevil"],
      advice: "start over with --drop-if-exists",
      statements: ['grant select on "orders" to "me"'],
    },
  );
  expect(errorLines(error, quiet)).toEqual([
    "pgcopy: COPY public.orders failed on target: duplicate key (SQLSTATE 23505)",
    "  detail: Key (id)=(1)",
    "    already exists.",
    "  hint: Try another.",
    "    public.orders",
    "    public.\\u{1b}[31mevil",
    "  what to do: start over with --drop-if-exists",
    '    grant select on "orders" to "me";',
  ]);
});

test("a long list is cut, and --verbose shows all of it", () => {
  const items = Array.from({ length: 50 }, (_, n) => `public.t${n}`);
  const error = new PgCopyError("50 objects are in the way", { code: "target_unfit", items });
  const lines = errorLines(error, quiet);
  expect(lines).toHaveLength(22);
  expect(lines.at(-1)).toBe("    and 30 more (--verbose shows them all)");
  expect(errorLines(error, { paint, verbose: true })).toHaveLength(51);
});

test("a stack trace is shown only for a mistake of pgcopy's own, and only on request", () => {
  const cause = new TypeError("undefined is not a function");
  const error = new PgCopyError(cause.message, { code: "internal", cause });
  expect(errorLines(error, quiet).join("\n")).not.toContain("    at ");
  expect(errorLines(error, { paint, verbose: true }).join("\n")).toContain("    at ");
  const failed = new PgCopyError("COPY failed", { code: "task_failed", cause });
  expect(errorLines(failed, { paint, verbose: true }).join("\n")).not.toContain("    at ");
});

test("an interruption is the command's; what was stopped first is a detail", () => {
  const error = interruptedError("CREATE INDEX public.orders_customer_idx");
  expect(errorLines(error, { ...quiet, command: "clone" })).toEqual([
    "pgcopy: the clone was interrupted",
    "  in the middle of: CREATE INDEX public.orders_customer_idx",
    "  what to do: nothing is left to clean up; the same command starts again",
  ]);
  expect(errorEvent(error, "clone")).toMatchObject({
    message: "the clone was interrupted",
    attempted: "CREATE INDEX public.orders_customer_idx",
  });
  expect(errorLines(interruptedError(), { ...quiet, command: "list" })).toEqual([
    "pgcopy: the list was interrupted",
    "  what to do: nothing is left to clean up; the same command starts again",
  ]);
});

test.each([
  [
    "can't connect to the source postgres://me@h/source: no answer",
    "can't connect to postgres://me@h/source: no answer",
  ],
  ["wrong source endpoint: it is empty", "wrong endpoint: it is empty"],
  [
    "listing tables failed on source: permission denied",
    "listing tables failed: permission denied",
  ],
  [
    "the source directory /source is not a PostgreSQL data directory",
    "the directory /source is not a PostgreSQL data directory",
  ],
])("a command with one endpoint doesn't call it the source: %s", (message, said) => {
  const error = new PgCopyError(message, { code: "connection_failed", side: "source" });
  for (const command of ["ping", "list"]) {
    expect(errorLines(error, { ...quiet, command })).toEqual([`pgcopy: ${said}`]);
    expect(errorEvent(error, command)).toMatchObject({ message: said });
  }
  expect(errorLines(error, { ...quiet, command: "clone" })).toEqual([`pgcopy: ${message}`]);
});

test("an option is named as it was typed", () => {
  const error = new PgCopyError(
    "splitTablesLargerThan must be a number of bytes, 65536 or more, not 1",
    {
      code: "usage",
      options: ["splitTablesLargerThan"],
    },
  );
  const words = "--split-tables-larger-than must be a number of bytes, 65536 or more, not 1";
  expect(errorLines(error, quiet)[0]).toBe(`pgcopy: ${words}`);
  expect(errorEvent(error)).toMatchObject({
    type: "error",
    exitCode: 2,
    code: "usage",
    message: words,
  });
});

test("only the option's name is replaced, in items and advice too, and no part of another word", () => {
  const error = new PgCopyError("where can't be used: somewhere, nowhere-else and a.where", {
    code: "usage",
    options: ["where", "statistics"],
    items: ["statistics copy"],
    advice: "leave where out",
  });
  const where = "--where can't be used: somewhere, nowhere-else and a.where";
  const said = { message: where, items: ["--statistics copy"], advice: "leave --where out" };
  expect(errorEvent(error)).toMatchObject({ ...said, options: ["where", "statistics"] });
  expect(errorLines(error, quiet)).toEqual([
    `pgcopy: ${where}`,
    "    --statistics copy",
    "  what to do: leave --where out",
  ]);
});

test("on a terminal no line is wider than it; in a log each is whole", () => {
  const advice =
    "start over with --drop-if-exists, or drop the database copy, which this run created";
  const error = new PgCopyError("a message that is longer than forty columns for sure", {
    code: "task_failed",
    advice,
  });
  expect(errorLines(error, { ...quiet, width: 40 })).toEqual([
    "pgcopy: a message that is longer than",
    "  forty columns for sure",
    "  what to do: start over with",
    "    --drop-if-exists, or drop the",
    "    database copy, which this run",
    "    created",
  ]);
  expect(errorLines(error, quiet)).toContain(`  what to do: ${advice}`);
});
