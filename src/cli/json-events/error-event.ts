/** The last line of --json of a command that failed. */

import type { DocumentedEvent } from "./documented-event.js";

export interface ErrorFields {
  exitCode: unknown;
  code: unknown;
  message: unknown;
  attempted: unknown;
  side: unknown;
  reason: unknown;
  server: unknown;
  advice: unknown;
  items: unknown;
  failures: unknown;
  options: unknown;
  statements: unknown;
  retrySafe: unknown;
}

export const errorEvent: DocumentedEvent<ErrorFields> = {
  when: "the command failed",
  fields: {
    exitCode: "what the process exits with",
    code: "`usage`, `connection_failed`, … (see the exit codes)",
    message: "in words",
    attempted: "what was tried",
    side: "`source` or `target`",
    reason:
      "what went wrong on the server or on the way to it, where that is known: `disk_full`, `stalled`, … ([faults.md](faults.md#what-each-error-asks-for))",
    server:
      "the server's own report: `severity`, `sqlstate`, `message`, `detail`, `hint`, `where`, `constraint`",
    advice: "what to do",
    items: "the things that the message speaks of",
    failures: "with `--keep-going`: each failed task's own error, with these same fields",
    options:
      "the options that the message speaks of, by their names in [configuration.md](configuration.md)",
    statements: "SQL that would mend it, to be run on that side",
    retrySafe: "whether the cause may pass by itself, so that trying again may help",
  },
};
