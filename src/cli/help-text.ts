/** What the help says beside the options: descriptions and examples, by command. */

import { wrap } from "./display-width.js";
import { exitCodes } from "./exit-codes.js";

export const HELP_COLUMNS = 80;

export interface CommandHelp {
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly { readonly what: string; readonly line: string }[];
}

const ENDPOINTS = `SOURCE and TARGET are postgres:// URIs, libpq "key=value" strings, or pgdata:DIR: a
data directory whose server is started for the length of the command.`;

export const programHelp: CommandHelp = {
  summary: "",
  description: `Copies PostgreSQL databases: whole, in parallel, from one consistent snapshot,
without intermediate files.`,
  examples: [
    {
      what: "copy a database with eight jobs",
      line: "pgcopy clone postgres://old/shop postgres://new/shop --jobs 8",
    },
    {
      what: "see first what that would do",
      line: "pgcopy plan postgres://old/shop postgres://new/shop",
    },
    { what: "see it at work, with two servers of its own", line: "pgcopy demo" },
  ],
};

export const commandHelp = {
  clone: {
    summary: "copy a whole database",
    description: `Copies the database SOURCE to TARGET: schema, rows, indexes, constraints and
sequences, all from one snapshot. The target database is created if it is missing; if
it holds objects that are to be created, nothing is done and they are named.

${ENDPOINTS} Without them,
PGCOPY_SOURCE and PGCOPY_TARGET are used, which other users of the machine can't see.
Passwords also come from PGPASSWORD, PGPASSFILE and ~/.pgpass.`,
    examples: [
      {
        what: "copy with eight jobs, and compare the rows before the snapshot is let go",
        line: "pgcopy clone postgres://old/db postgres://new/db --jobs 8 --verify checksum",
      },
      {
        what: "large tables in parts of about 1 GB, side by side",
        line: "pgcopy clone postgres://old/db postgres://new/db \\\n    --split-tables-larger-than 1GB",
      },
      {
        what: "replace what the target holds, and let its own role own everything",
        line: 'pgcopy clone "host=old dbname=shop" "host=new dbname=shop" \\\n    --drop-if-exists --no-owner --no-acl',
      },
      {
        what: "the orders of a month with what they refer to, and no addresses",
        line: `pgcopy clone postgres://old/shop postgres://new/shop --include-referenced \\\n    --where "public.orders=at > now() - interval '30 days'" \\\n    --where "public.customers=false" --mask "public.customers.email=null"`,
      },
      {
        what: "into a data directory that does not exist yet",
        line: "pgcopy clone postgres://old/shop pgdata:./shop-copy",
      },
      {
        what: "options from a file, and the report of the run kept as a page",
        line: "pgcopy clone --config night.json --report night.html",
      },
      {
        what: "every database of a server, and its roles",
        line: "pgcopy clone postgres://old/postgres postgres://new/postgres --all-databases",
      },
      {
        what: "endpoints from the environment, events for a program",
        line: "PGCOPY_SOURCE=postgres://old/db PGCOPY_TARGET=postgres://new/db \\\n    pgcopy clone --json",
      },
    ],
  },
  plan: {
    summary: "show what clone would do, and do nothing",
    description: `Connects to both ends, reads, and shows what clone would do with the same options:
the tables with their parts and formats, the indexes and how they would be built, what
is in the way, and an estimate of the time. Changes nothing. Exits with 4 if clone
would refuse.`,
    examples: [
      {
        what: "what would be copied, and how",
        line: "pgcopy plan postgres://old/shop postgres://new/shop --jobs 8",
      },
      {
        what: "every table, index and task",
        line: "pgcopy plan postgres://old/shop postgres://new/shop --verbose",
      },
    ],
  },
  compare: {
    summary: "compare two databases: their schemas, or their data",
    description: `Compares the database TARGET with SOURCE, and shows what differs. Reads only, on both
ends, each in one snapshot: both may be in use, or standbys. Exits with 6 if they
differ.`,
    examples: [
      {
        what: "the schemas, object by object",
        line: "pgcopy compare schema postgres://old/shop postgres://new/shop",
      },
      {
        what: "every row, sequence and large object",
        line: "pgcopy compare data postgres://old/shop postgres://new/shop --jobs 8",
      },
    ],
  },
  "compare schema": {
    summary: "compare the schemas of two databases",
    description: `Compares two schemas as one and the same pg_dump prints them, statement by statement,
and shows what differs, grouped by object. What servers of different versions print in
other words is no difference. Exits with 6 if they differ.

${ENDPOINTS} Without them,
PGCOPY_SOURCE and PGCOPY_TARGET are used.`,
    examples: [
      {
        what: "what differs between two databases",
        line: "pgcopy compare schema postgres://old/shop postgres://new/shop",
      },
      {
        what: "whoever owns what, and whoever may do what",
        line: "pgcopy compare schema postgres://old/shop postgres://new/shop \\\n    --no-owner --no-acl",
      },
    ],
  },
  "compare data": {
    summary: "compare the rows of two databases",
    description: `Compares the rows of all tables and materialized views, the sequences and the large
objects: by count and checksum, and where these differ, down to the rows, whose keys are
shown. Takes no locks but those of a SELECT, on either end. Exits with 6 if they differ.

${ENDPOINTS} Without them,
PGCOPY_SOURCE and PGCOPY_TARGET are used.`,
    examples: [
      {
        what: "every row, eight tables at a time",
        line: "pgcopy compare data postgres://old/shop postgres://new/shop --jobs 8",
      },
      {
        what: "the differing values, too, of up to 100 rows of a table",
        line: "pgcopy compare data postgres://old/shop postgres://new/shop \\\n    --limit 100 --show-values",
      },
    ],
  },
  check: {
    summary: "look for all that would make a clone fail or surprise",
    description: `Looks at both ends for whatever would make a clone with the same options fail, bring a
surprise or take long, and says of each thing what to do: versions, privileges, missing
roles and extensions, locks, connections, disk space, settings. Changes nothing. Exits
with 4 if a clone would fail.`,
    examples: [
      {
        what: "before a clone, with its options",
        line: "pgcopy check postgres://old/shop postgres://new/shop --jobs 8 --no-owner",
      },
      {
        what: "every object concerned, and every statement",
        line: "pgcopy check postgres://old/shop postgres://new/shop --verbose",
      },
      {
        what: "the errors alone, for a program",
        line: "pgcopy check postgres://old/shop postgres://new/shop --json \\\n    | jq -c 'select(.severity == \"error\")'",
      },
    ],
  },
  hold: {
    summary: "hold a snapshot of a database, for clones to read from",
    description: `Exports a snapshot of SOURCE and holds it until it is stopped with Ctrl-C or SIGTERM,
or the time of --for is over; then it exits with 0. Prints the snapshot's id on stdout,
which clone takes with --snapshot: all that is copied while it is held is of one moment,
also by a clone that is started again. Says time and again how old it is: vacuum keeps
what it sees in that database.

If the session that exported it is lost, another one goes on holding it, and its new id
is printed. If both are lost, it exits with 5. Without SOURCE, PGCOPY_SOURCE is used.`,
    examples: [
      {
        what: "hold one, with its id in a file",
        line: "pgcopy hold postgres://old/shop > snapshot.id",
      },
      {
        what: "read from it, in another terminal",
        line: 'pgcopy clone postgres://old/shop postgres://new/shop --snapshot "$(tail -1 snapshot.id)"',
      },
      {
        what: "for four hours, and no table may be truncated or rewritten meanwhile",
        line: "pgcopy hold postgres://old/shop --fence --for 4h",
      },
    ],
  },
  progress: {
    summary: "show how far a clone is, from elsewhere",
    description: `Shows how far the run is that copies into TARGET: from its journal, its lock and what
its sessions do there. Changes nothing, and needs nothing of the source. Exits with 0
while a run is at work (with --watch: when it has finished), with 4 if there is none, and
with 5 if one has ended without having finished. Without TARGET, PGCOPY_TARGET is used.`,
    examples: [
      { what: "how far is it", line: "pgcopy progress postgres://new/shop" },
      {
        what: "follow it to its end",
        line: "pgcopy progress postgres://new/shop --watch",
      },
      {
        what: "for a program: the part of the tasks that are done",
        line: "pgcopy progress postgres://new/shop --json | jq '.tasksDone / .tasksTotal'",
      },
    ],
  },
  list: {
    summary: "list what a database holds",
    description: `Lists what a database holds. With --json, one row is one JSON object on its own line.
Without SOURCE, PGCOPY_SOURCE is used.`,
    examples: [
      { what: "the tables of a database", line: "pgcopy list tables postgres://old/shop" },
      {
        what: "the databases of a server, by name",
        line: "pgcopy list databases postgres://old/postgres --json | jq -r .name",
      },
    ],
  },
  ping: {
    summary: "check that a server can be connected to",
    description: `Connects, and shows the server's version, the database's size, how fast it answers and
how many connections are in use. Without ENDPOINT, PGCOPY_SOURCE is used.`,
    examples: [
      { what: "is it there, and who am I on it", line: "pgcopy ping postgres://me@new/shop" },
    ],
  },
  demo: {
    summary: "clone a made-up shop between two servers",
    description: `Starts two PostgreSQL servers in a temporary directory, fills one with a made-up shop,
clones it into the other, compares every row, and removes it all. Needs no PostgreSQL
on the machine, no Docker and no network; also works as root.`,
    examples: [
      { what: "a third of the size", line: "pgcopy demo --rows 50000" },
      { what: "keep both data directories, to look around", line: "pgcopy demo --keep" },
    ],
  },
} as const satisfies Record<string, CommandHelp>;

export type CommandName = keyof typeof commandHelp;

/** The examples as they end a command's help. */
export function examplesText({ examples }: CommandHelp): string {
  const lines = examples.flatMap(({ what, line }) => [`  # ${what}`, `  ${line}`]);
  return ["", "Examples:", ...lines].join("\n");
}

export function exitCodesText(): string {
  const lines = exitCodes.flatMap(({ exitCode, meaning }) =>
    wrap(`  ${String(exitCode).padEnd(5)}${meaning}`, HELP_COLUMNS, " ".repeat(7)),
  );
  return ["", "Exit codes:", ...lines].join("\n");
}
