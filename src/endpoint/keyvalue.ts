/** libpq's `key=value` strings: `host=db port=5433 password='it\'s'`. */

import type { Side } from "../errors.js";
import { checkParameterName, type ParameterValues, wrongEndpoint } from "./parameters.js";

const QUOTING_ADVICE =
  "write key=value pairs separated by spaces; a value with spaces goes in single quotes, with \\' for a quote and \\\\ for a backslash";

/** One pair: the name, then a value that is quoted, or reaches to the next white space. */
const pair =
  /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\[\s\S])*)'|((?:[^\s'\\]|\\[\s\S])(?:[^\s\\]|\\[\s\S])*)?)(?=\s|$)/y;

/** @throws PgCopyError `usage`. */
export function parseKeyValue(text: string, side: Side): ParameterValues {
  const values = new Map<string, string>();
  // After a password, a name may be the rest of one that has a space in it and no quotes.
  let secret = false;
  pair.lastIndex = 0;
  while (text.slice(pair.lastIndex).trim() !== "") {
    const match = pair.exec(text);
    if (match === null) {
      throw wrongEndpoint(side, "the key=value string can't be read", QUOTING_ADVICE);
    }
    const name = match[1]!;
    checkParameterName(name, side, secret);
    if (name.endsWith("password")) secret = true;
    const value = (match[2] ?? match[3] ?? "").replace(/\\([\s\S])/g, "$1");
    if (value === "") values.delete(name);
    else values.set(name, value);
  }
  return values;
}
