/** Waiting for something to come to pass on a server, rather than for a time to go by. */

import { expect } from "vitest";
import { type SessionRow, sessionsOf, type TestDatabase } from "./servers.js";

const POLL_MS = 15;

/** Asks again and again until the answer is neither false nor undefined, and gives it. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | false | undefined> | T | false | undefined,
  deadlineMs = 20_000,
): Promise<T> {
  const began = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) return answer;
    if (performance.now() - began > deadlineMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Waits until one of pgcopy's sessions in the database runs a statement like that. */
export async function untilRunning(database: TestDatabase, query: RegExp): Promise<SessionRow> {
  return await until(`a session of pgcopy runs ${query}`, async () => {
    const sessions = await sessionsOf(database);
    return sessions.find((session) => session.state === "active" && query.test(session.query));
  });
}

/** Asserts that pgcopy has no session left in any of the databases, within a moment. */
export async function expectNoSessions(...databases: readonly TestDatabase[]): Promise<void> {
  let left: SessionRow[] = [];
  const none = async () => {
    left = (await Promise.all(databases.map((database) => sessionsOf(database)))).flat();
    return left.length === 0;
  };
  await until("no session is left", none, 2_000).catch(() => {});
  expect(left, "sessions of pgcopy that are left on a server").toEqual([]);
}
