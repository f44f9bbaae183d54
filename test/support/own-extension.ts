/**
 * A server that has extensions of the tests' own, with configuration tables: PostgreSQL 18 looks for
 * them where extension_control_path says. None of the extensions that come with PostgreSQL has any.
 */

import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchServer } from "./launch-servers.js";
import { type TestServer, testServer } from "./servers.js";

export interface ServerWithExtensions extends AsyncDisposable {
  readonly server: TestServer;
}

/** Regions refer to countries, and come first by name and by OID; rows of the extension's own are `builtin`. */
const oddExtension = `
create table @extschema@."a regions" (id int primary key, country int not null, name text);
create table @extschema@.countries (id int primary key, name text, builtin boolean not null default false);
alter table @extschema@."a regions" add foreign key (country) references @extschema@.countries (id);
create sequence @extschema@.next_id;
create function @extschema@.country_name(int) returns text language sql immutable
  as 'select name from @extschema@.countries where id = $1';
insert into @extschema@.countries values (1, 'Built in', true), (2, 'Changed by everybody', false);
select pg_catalog.pg_extension_config_dump('@extschema@."a regions"', '');
select pg_catalog.pg_extension_config_dump('@extschema@.countries', 'where not builtin -- the rest is ours');
select pg_catalog.pg_extension_config_dump('@extschema@.next_id', '');
`;

/** Files by name: a control file and its scripts. */
export const ownExtensions: Readonly<Record<string, string>> = {
  "odd-ext.control":
    "default_version = '1.1'\nrelocatable = false\ntrusted = true\ncomment = 'odd'\n",
  "odd-ext--1.0.sql": oddExtension,
  "odd-ext--1.0--1.1.sql":
    "create function @extschema@.new_in_1_1() returns int language sql as 'select 1';",
  // Its schema is its own, and comes with it.
  "own_schema.control": "default_version = '1.0'\nschema = 'Own Schema'\nsuperuser = false\n",
  "own_schema--1.0.sql":
    "create table settings (name text primary key, value text);\nselect pg_catalog.pg_extension_config_dump('settings', '');",
  "for_superusers.control": "default_version = '1.0'\nrelocatable = true\n",
  "for_superusers--1.0.sql":
    "create function only_for_them() returns int language sql as 'select 1';",
};

/** Starts PostgreSQL 18 with these extensions beside its own. */
export async function launchWithExtensions(
  files: Readonly<Record<string, string>> = ownExtensions,
): Promise<ServerWithExtensions> {
  const directory = await mkdtemp(join(tmpdir(), "pgcopy-extensions-"));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await chmod(directory, 0o755);
    await mkdir(join(directory, "extension"), { mode: 0o755 });
    for (const [name, text] of Object.entries(files))
      await writeFile(join(directory, "extension", name), text, { mode: 0o644 });
    const launched = await launchServer(18, { extension_control_path: `$system:${directory}` });
    return {
      server: testServer(launched.address),
      [Symbol.asyncDispose]: async () => {
        await launched[Symbol.asyncDispose]();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
