/** `pgcopy list`. */

import { printable } from "./display-width.js";
import { chooseEndpoint } from "./endpoints.js";
import { formatBytes, formatCount } from "./formatting.js";
import { interruptible } from "./interrupt.js";
import { writeJson } from "./json.js";
import { type ListKind, loadLibrary } from "./library.js";
import { columnsOf, type Output, paintFor } from "./output.js";
import { tableLines } from "./table.js";
import type { ViewOptions } from "./view.js";

type ListedRow = Readonly<Record<string, unknown>>;

export interface ListRequest {
  readonly kind: ListKind;
  readonly source: string | undefined;
  readonly flags: ViewOptions;
}

export async function listCommand(output: Output, request: ListRequest): Promise<void> {
  const { stdout, environment } = output;
  const { kind, flags } = request;
  const endpoint = chooseEndpoint(request.source, environment);
  const rows = await interruptible({ announce: () => {}, leave: () => {} }, async (signal) => {
    const { list } = await loadLibrary();
    return await list(kind, { endpoint, environment, signal });
  });
  if (flags.json === true) {
    for (const row of rows) writeJson(stdout, row);
    return;
  }
  if (rows.length === 0) {
    if (flags.quiet !== true) output.stderr.write(`no ${kind}\n`);
    return;
  }
  const width = stdout.isTTY === true ? columnsOf(stdout) - 1 : undefined;
  const [titles, ...lines] = listLines(rows, width);
  const paint = paintFor(stdout, environment);
  stdout.write(`${[paint.dim(titles ?? ""), ...lines].join("\n")}\n`);
}

/** One line of titles, then one for each row. */
export function listLines(rows: readonly ListedRow[], width?: number): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = names.map((name) => {
    const numbers = rows.every((row) => isNumber(row[name]) || row[name] == null);
    return { title: titleOf(name), align: numbers ? ("right" as const) : ("left" as const) };
  });
  const cells = rows.map((row) => names.map((name) => cell(name, row[name])));
  return tableLines(columns, cells, width);
}

/** `estimatedRows` → `estimated rows`, `bytes` → `size`: the cells below it say kB and MB. */
function titleOf(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll("_", " ");
  return words.replace(/\bbytes$/, "size");
}

function cell(name: string, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (isNumber(value)) {
    const number = Number(value);
    if (/bytes$/i.test(name)) return formatBytes(number);
    return Number.isInteger(number) && !/oid$/i.test(name) ? formatCount(number) : String(value);
  }
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return printable(value.join(", "));
  return printable(typeof value === "object" ? JSON.stringify(value) : String(value));
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}
