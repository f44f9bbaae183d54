/** The failures (known-failures.ts) that end a session or a statement from outside. */

import type { KnownFailure } from "./known-failures.js";

export const connectionLost: KnownFailure = {
  reason: "connection_lost",
  sqlstates: ["08"],
  when: "the connection broke",
  advice: "see the server's log, and the network, firewalls and proxies between",
};

export const lostSessions: readonly KnownFailure[] = [
  {
    reason: "database_dropped",
    sqlstates: ["3D000", "57P04"],
    when: "the database is not there any more",
    advice: "somebody dropped or renamed the database during the run: see the server's log",
  },
  {
    reason: "session_ended",
    sqlstates: ["57P01"],
    when: "somebody ended the session (`pg_terminate_backend`, `DROP DATABASE … WITH (FORCE)`), or the server is shut down",
    advice: "see in the server's log who ended the session, or shut the server down",
  },
  {
    reason: "server_crashed",
    sqlstates: ["57P02"],
    when: "a process of the server crashed, so that all its sessions end",
    advice:
      "see the server's log; on Linux the kernel's, too: a process that took too much memory is killed there",
  },
  {
    reason: "server_unavailable",
    sqlstates: ["57P03"],
    when: "the server is starting, recovering or shutting down",
    advice: "wait until the server has started, and try again",
  },
  {
    reason: "timed_out",
    sqlstates: ["25P03", "25P04", "57P05"],
    when: "a timeout of idle sessions or long transactions, though pgcopy sets them to 0",
    advice:
      "something between sets this timeout again, such as a pooler or an extension: connect to the server directly",
  },
  {
    reason: "timed_out",
    sqlstates: ["57014"],
    // The message is all that tells it from a cancel; in English.
    fits: ({ report }) => /statement timeout/.test(report.message),
    when: "`statement_timeout`, though pgcopy sets it to 0",
    advice:
      "a pooler, a proxy, an extension or a function of the schema sets statement_timeout again: connect to the server directly, and look for it in the functions",
  },
  {
    reason: "canceled",
    sqlstates: ["57014"],
    when: "somebody cancelled the statement (`pg_cancel_backend`)",
    advice:
      "see in the server's log who cancelled it: a watchdog that ends long statements has to leave those alone whose application_name begins with pgcopy",
  },
  connectionLost,
];
