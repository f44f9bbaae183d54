/**
 * A role as managed services give it: no superuser, may create roles and databases, owns its own
 * database, and nothing else. Roles are of the whole server, so each has a name of its own.
 */

import { createDatabase, type TestDatabase, type TestServer, uniqueName } from "./servers.js";

export interface ManagedRole extends AsyncDisposable {
  readonly name: string;
  /** Connects to the database as this role. */
  uri(database: TestDatabase): string;
}

export interface RoleOptions {
  /** Beside LOGIN; default: CREATEROLE CREATEDB. */
  readonly attributes?: string;
  /** Databases that it is to own. */
  readonly owns?: readonly TestDatabase[];
}

/** Creates one; disposing of it drops it, with what it owns in those databases. */
export async function createManagedRole(
  on: TestServer,
  { attributes = "createrole createdb", owns = [] }: RoleOptions = {},
): Promise<ManagedRole> {
  await using admin = await createDatabase(on, "admin");
  const name = uniqueName("managed");
  await admin.execute(`create role ${name} login ${attributes} password 'managed'`);
  for (const database of owns)
    await database.execute(`alter database ${database.name} owner to ${name}`);
  return {
    name,
    uri: (database) => database.uri.replace(/\/\/[^@]*@/, `//${name}:managed@`),
    [Symbol.asyncDispose]: async () => {
      for (const database of owns)
        await database.execute(
          `alter database ${database.name} owner to postgres; drop owned by ${name} cascade`,
        );
      await dropRoles(on, [name]);
    },
  };
}

/** Drops roles that nothing depends on any more. */
export async function dropRoles(on: TestServer, names: readonly string[]): Promise<void> {
  await using admin = await createDatabase(on, "admin");
  await admin.execute(names.map((name) => `drop role if exists ${name};`).join("\n"));
}
