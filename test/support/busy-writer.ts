/** Writers that keep a source busy while it is copied: they must not be seen in any copy of an older snapshot. */

import type { SeededRandom } from "../unit/seeded-random.js";
import type { TestDatabase } from "./servers.js";
import { ORDERS } from "./soak-schema.js";

/** Writes until it is disposed of, one transaction after the other. */
export function writeTo(database: TestDatabase, random: SeededRandom): AsyncDisposable {
  let stopped = false;
  let next = 1_000_000;
  const writing = database.withClient(async (client) => {
    while (!stopped) {
      const id = random.between(1, ORDERS);
      const statement = random.pick([
        `update orders set note = 'changed ' || id where id between ${id} and ${id + 20}`,
        `delete from orders where id = ${id}`,
        `insert into orders (id, customer, note) values (${next++}, ${random.between(1, 2000)}, 'late')`,
        `update small_${random.between(0, 23)} set word = word || '!' where id = ${random.between(1, 20)}`,
        `update customers set email = email || '.' where id = ${random.between(1, 2000)}`,
        `select lo_put(${70_001 + random.between(0, 11)}, 0, 'written later')`,
        "vacuum small_1",
        "vacuum orders",
      ]);
      await client.query(statement);
    }
  });
  return {
    [Symbol.asyncDispose]: async () => {
      stopped = true;
      await writing;
    },
  };
}
