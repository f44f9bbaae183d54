/** What is copied, and how the target is to be. */

import { type Command, Option } from "commander";
import { collectExpression } from "../option-values.js";

export interface ContentFlags {
  readonly snapshot?: string;
  readonly dropIfExists?: boolean;
  /** commander's way with options that begin with --no: true unless they are given. */
  readonly owner: boolean;
  readonly acl: boolean;
  readonly securityLabels: boolean;
  readonly allDatabases?: boolean;
  readonly roles?: boolean;
  /** As with owner and acl. */
  readonly rolePasswords: boolean;
  readonly databaseProperties?: boolean;
  readonly skipAnalyze?: boolean;
  readonly where?: Readonly<Record<string, string>>;
  readonly mask?: Readonly<Record<string, string>>;
  readonly includeReferenced?: boolean;
  readonly skipLargeObjects?: boolean;
  readonly statistics?: "copy" | "analyze" | "skip";
  /** A file. */
  readonly requirements?: string;
  readonly skipExtensions?: boolean;
  readonly skipCollations?: boolean;
  /** As with --no-owner. */
  readonly tablespaces: boolean;
}

/** @param ofOne whether the command is always about one database. */
export function withContentFlags(command: Command, { ofOne }: { ofOne: boolean }): Command {
  command
    .optionsGroup("What is copied:")
    .option("--snapshot <ID>", "read from a snapshot that another session exported and holds")
    .option("--drop-if-exists", "drop objects of the target that are in the way")
    .option("--no-owner", "leave everything owned by the target's role")
    .option("--no-acl", "leave out privileges (GRANT, REVOKE)")
    .option("--no-security-labels", "leave out security labels")
    .option("--roles", "create the source's roles that the target lacks, as they are")
    .option("--no-role-passwords", "with --roles: without their passwords, which need a superuser")
    .option(
      "--database-properties",
      "give a target database that exists the source's settings, privileges, owner, comment and limits, too",
    )
    .option("--no-tablespaces", "put everything into the target's default tablespace")
    .option(
      "--requirements <FILE>",
      'create extensions in these versions: a JSON file, [{"name": "postgis", "version": "3.4.2"}]',
    )
    .option("--skip-extensions", "create no extensions, and copy no rows of their own tables")
    .option("--skip-collations", "create no collations")
    .addOption(
      new Option(
        "--statistics <HOW>",
        "analyze: gather them; copy: bring the source's, to PostgreSQL 18 or newer; skip: neither (default: analyze)",
      ).choices(["copy", "analyze", "skip"]),
    )
    .option("--skip-analyze", "the same as --statistics skip")
    .option(
      "--where <TABLE=CONDITION>",
      "copy only the rows of a table for which a condition holds; may be repeated",
      collectExpression,
    )
    .option(
      "--mask <COLUMN=EXPRESSION>",
      "copy an expression in place of a column, schema.table.column; may be repeated",
      collectExpression,
    )
    .option("--include-referenced", "also copy the rows, beyond --where, that copied rows refer to")
    .option("--skip-large-objects", "leave the large objects behind");
  if (ofOne) return command;
  return command.option(
    "--all-databases",
    "copy every database of the server, and its roles; SOURCE and TARGET are any database of theirs",
  );
}
