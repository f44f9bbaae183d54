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
  /** Also the late body of a view (`create or replace view`), which is a rule to PostgreSQL. */
  | "rule"
  /** Policies, and ALTER TABLE … ENABLE or FORCE ROW LEVEL SECURITY. */
  | "policy"
  | "event_trigger"
  | "publication"
  | "subscription"
  | "statistics"
  | "owner"
  | "comment"
  | "security_label"
  /** GRANT, REVOKE, ALTER DEFAULT PRIVILEGES, and the SET SESSION AUTHORIZATION around a GRANT. */
  | "acl"
  | "materialized_view"
  | "schema"
  | "extension"
  | "definition";

/** A table, view, index or sequence, by its name. `schema` is empty where the statement names none. */
export interface RelationName {
  readonly schema: string;
  readonly name: string;
}

/** What a statement of the kind `key_constraint` adds. */
export interface KeyConstraint {
  readonly type: "primary_key" | "unique" | "exclusion";
  readonly name: string;
  readonly relation: RelationName;
  /** `alter table only`. */
  readonly only: boolean;
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
  /** A temporal key (PostgreSQL 18), which can't be made from an existing index. */
  readonly withoutOverlaps: boolean;
}

/** What a statement of the kind `index` builds. An index lives in the schema of its table. */
export interface IndexDefinition {
  readonly schema: string;
  readonly name: string;
  readonly relation: RelationName;
  readonly unique: boolean;
  /** `on only`: the index of a partitioned table, which builds nothing and awaits its parts. */
  readonly only: boolean;
}

/** What a statement of the kind `foreign_key` adds. */
export interface ForeignKey {
  readonly name: string;
  readonly relation: RelationName;
  readonly references: RelationName;
}

/** What not every role may do. */
export type RestrictedSort =
  | "event_trigger"
  | "operator_class"
  | "access_method"
  | "foreign_data_wrapper"
  /** A server of an existing wrapper, which is the act's name. */
  | "foreign_server"
  | "language"
  | "subscription"
  /** A function in the language that is the act's name. */
  | "function_language"
  | "leakproof_function"
  | "support_function"
  /** A function with a SET of the parameter that is the act's name. */
  | "function_setting"
  | "base_type"
  | "text_search_parser"
  | "text_search_template"
  /** An aggregate whose state is of the type internal. */
  | "internal_aggregate"
  /** A cast WITHOUT FUNCTION. */
  | "binary_cast"
  /** A cast between two types of pg_catalog. */
  | "built_in_cast"
  | "publication_of_all_tables"
  | "publication_of_schemas"
  /** A grant that the role that is the act's name gave, and not the owner. */
  | "session_authorization"
  /** Default privileges for what the role that is the act's name creates. */
  | "default_privileges";

export interface RestrictedAct {
  readonly sort: RestrictedSort;
  /** Of the language, parameter, role or wrapper that it is about; else empty. */
  readonly name: string;
}

export interface Statement {
  readonly kind: StatementKind;
  /** Its text, without the semicolon. */
  readonly sql: string;
  /** Names of the roles that it mentions, from its parse tree: each once, in order. */
  readonly roles: readonly string[];
  /** Qualified names of the relations that it mentions outside of strings: each once, in order. */
  readonly relations: readonly RelationName[];
  /** Qualified names of the collations that it mentions; absent where it mentions none. */
  readonly collations?: readonly RelationName[];
  /** Whether it makes an object and fails if that exists already. */
  readonly creates: boolean;
  /** With the kind `security_label`. */
  readonly labelProvider?: string;
  /** What it does that not every role may; absent where there is nothing of the sort. */
  readonly restricted?: readonly RestrictedAct[];
  /** With the kind `key_constraint`. */
  readonly constraint?: KeyConstraint;
  /** With the kind `index`. */
  readonly index?: IndexDefinition;
  /** With the kind `foreign_key`. */
  readonly foreignKey?: ForeignKey;
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
  /**
   * Dump ids that must come before it, as far as the heading tells. In plain format pg_dump lists
   * them for comments, security labels, ACLs, row security and owned sequences; those of tables,
   * views, indexes, constraints and attachments it does not, and keeps to the right order instead.
   */
  readonly dependencies: readonly number[];
  /** The heading's own words, for messages only: `INDEX public orders_customer_idx`. */
  readonly title: string;
  readonly section: Section;
  /** Empty for an object that every database has, such as the schema public. */
  readonly statements: readonly Statement[];
  /** Session parameters in force at the entry, where not the default: default_tablespace, default_table_access_method. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface SchemaScript {
  /** The statements by which the script sets its session's parameters at its beginning. */
  readonly preamble: readonly Statement[];
  /** In pg_dump's order, which is a valid order of execution. */
  readonly entries: readonly TocEntry[];
  /** Filters left schema public out: the target's own stays as it is. */
  readonly withoutPublic?: boolean;
}
