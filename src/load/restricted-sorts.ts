/**
 * Each sort of what not every role may do: what it is called, how a server is asked whether a role
 * may, and what would allow it.
 */

import type { RestrictedSort } from "../plan/toc.js";
import { quoteName } from "../postgres/quote.js";

export interface RestrictedSortFacts {
  /** What it is, in the plural, as the message names it. */
  readonly what: (name: string) => string;
  /** A statement that fails if the role may not do it. */
  readonly probe: (schema: string, name: string) => string;
  /** The SQLSTATEs that mean so, beside 42501, insufficient_privilege. */
  readonly refusals?: readonly string[];
  /** A statement that would allow it, where it is not for superusers alone. */
  readonly grant?: (role: string, name: string, serverVersion: number) => string | undefined;
}

export const restrictedSorts: Readonly<Record<RestrictedSort, RestrictedSortFacts>> = {
  event_trigger: {
    what: () => "event triggers",
    probe: (schema) =>
      `create function ${schema}.e() returns event_trigger language plpgsql as 'begin end';
       create event trigger pgcopy_probe on sql_drop execute procedure ${schema}.e()`,
  },
  operator_class: {
    what: () => "operator classes and families",
    probe: (schema) => `create operator family ${schema}.f using btree`,
  },
  access_method: {
    what: () => "access methods",
    probe: () => "create access method pgcopy_probe type index handler pg_catalog.bthandler",
  },
  foreign_data_wrapper: {
    what: () => "foreign-data wrappers",
    probe: () => "create foreign data wrapper pgcopy_probe",
  },
  foreign_server: {
    what: (name) => `servers of the foreign-data wrapper ${name}`,
    probe: (_, name) => `create server pgcopy_probe foreign data wrapper ${quoteName(name)}`,
    grant: (role, name) => `grant usage on foreign data wrapper ${quoteName(name)} to ${role}`,
  },
  language: {
    what: () => "procedural languages",
    probe: () => "create language pgcopy_probe handler pg_catalog.plpgsql_call_handler",
  },
  subscription: {
    what: () => "subscriptions",
    probe: () =>
      "create subscription pgcopy_probe connection 'dbname=p user=p password=p' publication p with (connect = false)",
    grant: (role, _, version) =>
      version >= 160_000 ? `grant pg_create_subscription to ${role}` : undefined,
  },
  function_language: {
    what: (name) => `functions in language ${name}`,
    probe: (schema, name) =>
      `create function ${schema}.l() returns int language ${quoteName(name)} as 'p'${name === "c" ? ", 'p'" : ""}`,
  },
  leakproof_function: {
    what: () => "leakproof functions",
    probe: (schema) =>
      `create function ${schema}.p() returns int language sql leakproof as 'select 1'`,
  },
  support_function: {
    what: () => "functions with a planner support function",
    probe: (schema) =>
      `create function ${schema}.s() returns int language sql support pg_catalog.generate_series_int4_support as 'select 1'`,
  },
  function_setting: {
    what: (name) => `functions that set ${name}`,
    probe: (schema, name) =>
      `create function ${schema}.g() returns int language sql set ${quoteName(name)} to '' as 'select 1'`,
    grant: (role, name, version) =>
      version >= 150_000 ? `grant set on parameter ${quoteName(name)} to ${role}` : undefined,
  },
  base_type: {
    what: () => "base types",
    probe: (schema) => `create type ${schema}.t`,
  },
  text_search_parser: {
    what: () => "text search parsers",
    probe: (schema) =>
      `create text search parser ${schema}.p (start = pg_catalog.prsd_start, gettoken = pg_catalog.prsd_nexttoken,
       end = pg_catalog.prsd_end, lextypes = pg_catalog.prsd_lextype)`,
  },
  text_search_template: {
    what: () => "text search templates",
    probe: (schema) =>
      `create text search template ${schema}.t (lexize = pg_catalog.dsimple_lexize)`,
  },
  internal_aggregate: {
    what: () => "aggregates with a state of type internal",
    probe: (schema) =>
      `create aggregate ${schema}.a(int) (sfunc = pg_catalog.int4_avg_accum, stype = internal)`,
    // "transition data type cannot be internal": to a superuser it can.
    refusals: ["42P13"],
  },
  binary_cast: {
    what: () => "casts without a function",
    probe: (schema) =>
      `create type ${schema}.c as enum (); create cast (${schema}.c as pg_catalog.int4) without function`,
  },
  built_in_cast: {
    what: () => "casts between built-in types",
    probe: () => "create cast (pg_catalog.int4 as pg_catalog.point) with inout",
  },
  publication_of_all_tables: {
    what: () => "publications for all tables",
    probe: () => "create publication pgcopy_probe for all tables",
  },
  publication_of_schemas: {
    what: () => "publications for tables in schema",
    probe: (schema) => `create publication pgcopy_probe for tables in schema ${schema}`,
  },
  session_authorization: {
    what: (name) => `privileges that ${name} granted, who does not own the object`,
    probe: (_, name) => `set local session authorization ${quoteName(name)}`,
  },
  default_privileges: {
    what: (name) => `default privileges for role ${name}`,
    probe: (_, name) =>
      `alter default privileges for role ${quoteName(name)} grant select on tables to ${quoteName(name)}`,
    grant: (role, name) => `grant ${quoteName(name)} to ${role}`,
  },
};
