/** A snapshot held apart from the clone, with a fence; and a look at the target from elsewhere, before and after. */

import { clone, hold, progress } from "pgcopy";
import { withTwoServers } from "./two-servers.js";

const environment = process.env;

await withTwoServers(async ({ source, target }) => {
  const held = await hold({ source, environment, fence: true });
  console.log(`holding the snapshot ${held.snapshot}, with a fence around ${held.tables} tables`);
  try {
    const watching = new AbortController();
    const cloning = clone({ source, target, environment, snapshot: held.snapshot }).finally(() =>
      watching.abort(),
    );
    const [report] = await Promise.all([cloning, watch(target, watching.signal)]);
    console.log(`${report.rows} rows are copied, all of them from that snapshot`);
  } finally {
    await held.release();
  }
  console.log(`afterwards: ${(await progress({ target, environment })).state}`);
});

/** Says what the target shows to others, until the signal is aborted. */
async function watch(target, signal) {
  while (!signal.aborted) {
    try {
      const { state, tasksDone, tasksTotal } = await progress({ target, environment, signal });
      if (tasksTotal !== undefined) console.log(`${state}: ${tasksDone} of ${tasksTotal} tasks`);
    } catch (error) {
      // The database may not be there yet.
      if (!/^(connection_failed|interrupted)$/.test(error.code)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
