/** The test servers themselves: what every other test relies on. */

import { describe, expect, test } from "vitest";
import { createDatabase, dropDatabase, server, testMajors } from "./support/servers.js";

describe.each(testMajors)("the test server of PostgreSQL %i", (major) => {
  test("is of that version, and logical replication works on it", async () => {
    await using database = await createDatabase(server(major));
    const [settings] = await database.query(
      "select current_setting('server_version_num')::int / 10000 as major, current_setting('wal_level') as wal_level",
    );
    expect(settings).toEqual({ major, wal_level: "logical" });
  });

  test("gives databases that are dropped with their sessions", async () => {
    const database = await createDatabase(server(major), `odd "name"`);
    await database.withClient(async (client) => {
      const ended = new Promise((resolve) => client.once("end", resolve));
      await dropDatabase(database.server, database.name);
      await ended;
    });
    await expect(database.query("select 1")).rejects.toThrow(/does not exist/);
  });
});
