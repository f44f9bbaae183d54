/** A snapshot that several sessions hold: each of them must see the same, whatever its id leads to. */

import { expect, test } from "vitest";
import { parseEndpoint } from "../src/endpoint/parse-endpoint.js";
import { connect } from "../src/postgres/connect.js";
import type { Connection } from "../src/postgres/connection.js";
import { holdSnapshot, shareSnapshot } from "../src/snapshot/held-snapshot.js";
import { snapshotIdentity } from "../src/snapshot/identity.js";
import { createDatabase, server } from "./support/servers.js";

async function session(uri: string): Promise<Connection> {
  const endpoint = await parseEndpoint(uri, {}, "source");
  if (endpoint.kind !== "server") throw new Error("no server");
  const { signal } = new AbortController();
  return await connect(endpoint, { side: "source", purpose: "test", signal });
}

test("an id that leads to another snapshot than it did is taken for none", async () => {
  await using database = await createDatabase(server(16), "shared");
  await using holder = await session(database.uri);
  await using reader = await session(database.uri);
  const first = await holdSnapshot(holder);
  const identity = await snapshotIdentity(holder);

  const id = await shareSnapshot(reader, [first.id], identity);
  expect(id).not.toBe(first.id);
  expect(await snapshotIdentity(reader)).toBe(identity);
  await reader.execute("ending it", "rollback");

  await first.release();
  await database.execute("create table t (id int)");
  const later = await holdSnapshot(holder);
  await expect(shareSnapshot(reader, [later.id], identity)).rejects.toMatchObject({
    code: "source_unfit",
    message: `snapshot ${later.id} is another one now: the source was restarted`,
  });
});
