/**
 * Statements for people's eyes: without the passwords and other secrets of subscriptions, user mappings,
 * foreign servers and what else has options. The parse tree says what is a value; its text is replaced.
 */

import type { DefElem } from "libpg-query";
import { quoteLiteral } from "../postgres/quote.js";
import { parseScript, type TypedNode } from "./parse-tree.js";

const HIDDEN = "********";

/** Which statements hold such values; all others are shown as they are. */
const CONCERNED = /^\s*(create|alter)\s+(subscription|user\s+mapping|server|foreign)\b/i;

/** The statement as it may be shown. One that can't be read is shown without any of its strings. */
export async function withoutSecrets(sql: string): Promise<string> {
  if (!CONCERNED.test(sql)) return sql;
  try {
    for await (const [statement] of parseScript(Buffer.from(`${sql}\n;`, "utf8"))) {
      if (statement !== undefined) return shown(sql, statement.tree);
    }
  } catch {
    // Whatever is wrong with it, the error may quote it.
  }
  return withoutStrings(sql);
}

function shown(sql: string, tree: TypedNode): string {
  switch (tree.type) {
    case "CreateSubscriptionStmt":
    case "AlterSubscriptionStmt": {
      const { conninfo } = tree.node;
      // It is the first string: before it stands but a name.
      return conninfo === undefined
        ? sql
        : replaceString(sql, 0, quoteLiteral(shownConninfo(conninfo)));
    }
    case "CreateUserMappingStmt":
    case "AlterUserMappingStmt":
      return shownOptions(sql, tree.node, (name) => name.toLowerCase() !== "user");
    case "CreateForeignTableStmt":
    case "AlterTableStmt":
      return shownOptions(sql, tree.node, (name) => SECRET.test(name));
    default:
      return shownOptions(sql, tree.node, (name) => SECRET.test(name) || /key/i.test(name));
  }
}

/** What secrets are called. A foreign table's option `key` is none. */
const SECRET = /pass|pwd|secret|token|credential|(access|account|api|private|shared).?key/i;

function shownOptions(sql: string, tree: unknown, isSecret: (name: string) => boolean): string {
  const bytes = Buffer.from(sql, "utf8");
  let text = sql;
  // From the last to the first, so that places stay where they are.
  const options = optionsOf(tree).sort((a, b) => (b.location ?? 0) - (a.location ?? 0));
  for (const { defname = "", arg, location = 0 } of options) {
    if (arg === undefined || !("String" in arg)) continue;
    const value = arg.String.sval ?? "";
    const instead = isSecret(defname) ? HIDDEN : withoutInnerSecrets(value);
    if (instead === value) continue;
    const at = bytes.toString("utf8", 0, location).length;
    text = replaceString(text, at, quoteLiteral(instead));
  }
  return text;
}

/** Every option in a statement, of its columns too. */
function optionsOf(tree: unknown): DefElem[] {
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]) =>
    key === "DefElem" ? [value as DefElem] : optionsOf(value),
  );
}

/** Quoted names, then the sorts of strings. */
const tokens =
  /"(?:[^"]|"")*"|[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|\$([A-Za-z_\d]*)\$[\s\S]*?\$\1\$/g;

/** Puts a literal in place of the first string from an index on. */
function replaceString(sql: string, from: number, literal: string): string {
  tokens.lastIndex = from;
  for (let token = tokens.exec(sql); token !== null; token = tokens.exec(sql)) {
    if (token[0].startsWith('"')) continue;
    return sql.slice(0, token.index) + literal + sql.slice(tokens.lastIndex);
  }
  return withoutStrings(sql);
}

function withoutStrings(sql: string): string {
  return sql.replaceAll(tokens, (token) => (token.startsWith('"') ? token : `'${HIDDEN}'`));
}

/** The parameters of a connection string that say where and how, and can hold no secret. */
const HARMLESS: ReadonlySet<string> = new Set([
  "host",
  "hostaddr",
  "port",
  "dbname",
  "user",
  "sslmode",
  "sslrootcert",
  "channel_binding",
  "gssencmode",
  "target_session_attrs",
  "application_name",
  "fallback_application_name",
  "connect_timeout",
]);

/** A password in a URI ends, for libpq, before the first slash; one that breaks that rule is hidden, too. */
const USER_INFO = /^([a-z]+:\/\/[^:@/]*):(?:(?:[^@/]*@)+|[^?]*@)/i;

function shownConninfo(conninfo: string): string {
  if (!/^postgres(ql)?:\/\//.test(conninfo)) return shownPairs(conninfo);
  const [base = "", ...queries] = conninfo.replace(USER_INFO, `$1:${HIDDEN}@`).split("?");
  const parameters = queries.join("?").split("&").map(shownParameter);
  return queries.length === 0 ? base : `${base}?${parameters.join("&")}`;
}

function shownParameter(parameter: string): string {
  const [name = ""] = parameter.split("=", 1);
  return HARMLESS.has(name) ? parameter : `${name}=${HIDDEN}`;
}

const pair =
  /([^\s=]+)(\s*=\s*)('(?:[^'\\]|\\[\s\S])*'|(?:[^\s'\\]|\\[\s\S])(?:[^\s\\]|\\[\s\S])*|)/g;

function shownPairs(conninfo: string): string {
  // Anything between the pairs may be the rest of a password.
  if (conninfo.replaceAll(pair, "").trim() !== "") return HIDDEN;
  return conninfo.replaceAll(pair, (whole, name: string, equals: string) =>
    HARMLESS.has(name) ? whole : `${name}${equals}${HIDDEN}`,
  );
}

/** An option may be a connection string of its own, of whatever driver. */
function withoutInnerSecrets(value: string): string {
  return value
    .replace(USER_INFO, `$1:${HIDDEN}@`)
    .replaceAll(
      /(\w*(?:pass\w*|pwd|secret|token|key)\s*=\s*)('(?:[^'\\]|\\[\s\S])*'|[^\s;&]*)/gi,
      `$1${HIDDEN}`,
    );
}
