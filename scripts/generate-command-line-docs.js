/**
 * Prints docs/command-line.md from the built program (dist/), so that the page can't say anything
 * that `--help` doesn't. With --write, writes the file instead.
 */

import { writeFileSync } from "node:fs";
import { exitCodes } from "../dist/cli/exit-codes.js";
import { differenceEvents, lastEvents, runEvents } from "../dist/cli/json-events/json-events.js";
import { commandPath } from "../dist/cli/program/command.js";
import { allCommands, createProgram } from "../dist/cli/program/program.js";

const page = commandLinePage();
if (process.argv.includes("--write")) {
  writeFileSync(new URL("../docs/command-line.md", import.meta.url), page);
} else {
  process.stdout.write(page);
}

function commandLinePage() {
  const program = createProgram("0.0.0", {});
  const [, ...commands] = allCommands(program).map(
    (command) => `## ${commandPath(command)}\n\n${help(command)}`,
  );
  return `${[
    "# Command line",
    "<!-- Generated from the program's help by scripts/generate-command-line-docs.js: change src/cli/, then run it with --write. -->",
    help(program),
    ...commands,
    environmentSection(),
    outputSection(),
    exitCodesSection(),
    jsonSection(),
  ].join("\n\n")}\n`;
}

/** The help as it is printed, with what is added after the options. */
function help(command) {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part), getOutHasColors: () => false });
  command.outputHelp();
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\``;
}

function environmentSection() {
  return `## Environment

| Variable | Means |
|---|---|
| \`PGCOPY_SOURCE\`, \`PGCOPY_TARGET\` | the endpoints, where they are not given as arguments; one argument alone is the end that neither the environment nor a [configuration file](configuration.md) gives |
| \`PGCOPY_PG_DUMP\` | as \`--pg-dump\` |
| \`PGPASSWORD\`, \`PGPASSFILE\` and libpq's other \`PG…\` variables | as for psql |
| \`NODE_DISABLE_COMPILE_CACHE\` | if it is not empty, no compiled code is kept in the user's cache directory (\`XDG_CACHE_HOME\`, \`~/.cache\`, \`~/Library/Caches\` or \`LOCALAPPDATA\`, there \`pgcopy/\`) |
| \`NO_COLOR\` | if it is not empty, no colours |

Arguments can be seen by every user of the machine (\`ps\`), the environment of a process only by its
owner: a password is better in \`~/.pgpass\`, \`PGPASSWORD\`, or an endpoint in \`PGCOPY_SOURCE\`. On Linux
and macOS pgcopy hides its arguments as soon as it runs; not those of the \`npx\` or shell that started it.

Compiled code is program code, so except on Windows pgcopy keeps none where the cache directory (or, while that is
missing, the nearest directory above it) belongs to another user or all users may write to it, and runs none from a file
that is another user's or that others may write to. A relative \`XDG_CACHE_HOME\` is ignored, as its specification
wants; without an absolute \`HOME\` either, nothing is kept.`;
}

function outputSection() {
  return `## What goes where

Progress, notices and errors go to stderr; the report, the plan and lists go to stdout. On a
terminal, progress is a few lines that are drawn again and again; elsewhere it is a plain line for
each step and one about every ten seconds. \`--quiet\` leaves only warnings and errors.

With \`--json\`, everything is one JSON object a line on stdout, errors too, and stderr stays empty: the
log of a container holds both streams and remains JSON. With \`--json --quiet\` only the last line is
written. \`list --json\` writes one object for each row, named by column.

Ctrl-C, SIGTERM and SIGHUP stop the work on both servers before pgcopy leaves; a second one, a second
or more after the first, leaves at once.`;
}

function exitCodesSection() {
  const rows = exitCodes.map(({ exitCode, errorCodes, meaning }) => {
    const codes = errorCodes.map((code) => `\`${code}\``).join(", ");
    return `| ${exitCode} | ${codes} | ${meaning} |`;
  });
  return `## Exit codes

| Exit code | \`code\` of the error | Means |
|---|---|---|
${rows.join("\n")}

\`pgcopy plan\` exits with 4 if something is in the way in the target, \`pgcopy compare\` with 6 if the
two databases differ, and \`pgcopy progress\` with 4 if no run is at work and with 5 if one has ended without having
finished.`;
}

function jsonSection() {
  return `## JSON lines

Every line has a \`type\`. Times are milliseconds, sizes bytes. New fields and types may be added; what
is here stays.

While a command runs, each line also has \`atMs\`, the time since the run began:

${eventTable(runEvents)}

\`compare\` writes a line for each difference, and \`check\` for each finding, before the last one:

${eventTable(differenceEvents)}

The last line is one of these:

${eventTable(lastEvents)}`;
}

function eventTable(events) {
  const rows = Object.entries(events).map(([type, { when, fields }]) => {
    const list = Object.entries(fields).map(([field, words]) => `\`${field}\`: ${words}`);
    return `| \`${type}\` | ${when} | ${list.join("<br>")} |`;
  });
  return ["| `type` | When | Fields |", "|---|---|---|", ...rows].join("\n");
}
