/**
 * The schema as data: pg_dump's script, split into its TOC entries and their statements.
 */

/** What a statement is for; told from its parse tree, never from a heading. */
export type StatementKind =
  /** `create index`, on a table or a materialized view. */
  | "index"
  /** `alter table … add constraint` of a primary key, unique or exclusion constraint. */
  | "key_constraint"
  | "foreign_key"
  /** Check and NOT NULL constraints that pg_dump adds after the data. */
  | "other_constraint"
  | "index_attach"
  /** CLUSTER ON, REPLICA IDENTITY, ALTER INDEX … SET STATISTICS: what follows an index or constraint. */
  | "index_follow_up"
  | "trigger"
  | "rule"
  | "policy"
  | "event_trigger"
  | "publication"
  | "subscription"
  | "statistics"
  | "owner"
  | "comment"
  | "security_label"
  /** GRANT, REVOKE and ALTER DEFAULT PRIVILEGES. */
  | "acl"
  | "materialized_view"
  | "schema"
  | "extension"
  | "definition";

export interface Statement {
  readonly kind: StatementKind;
  /** Its text, without the semicolon. */
  readonly sql: string;
  /** Names of the roles that it mentions, from its parse tree. */
  readonly roles: readonly string[];
}

/** In which stage of a restore an entry runs, as pg_dump orders them. */
export type Section = "pre-data" | "post-data" | "acl" | "event-trigger";

/** One TOC entry: one object of the schema. */
export interface TocEntry {
  /** pg_dump's dump id, unique in one dump. */
  readonly dumpId: number;
  /** OID of the system catalog that holds the object, and the object's own OID; 0 where it has none (ACL, comments). */
  readonly classOid: number;
  readonly oid: number;
  /** Dump ids that must come before it. */
  readonly dependencies: readonly number[];
  /** The heading's own words, for messages only: `INDEX public orders_customer_idx`. */
  readonly title: string;
  readonly section: Section;
  readonly statements: readonly Statement[];
  /** Session parameters in force at the entry, where not the default: default_tablespace, default_table_access_method. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface SchemaScript {
  /** The parameters that the script sets for itself at its beginning, name → value as SQL. */
  readonly preamble: readonly Statement[];
  /** With `--clean`: the drops, in the order in which they run. */
  readonly drops: readonly Statement[];
  /** In pg_dump's order, which is a valid order of execution. */
  readonly entries: readonly TocEntry[];
}
