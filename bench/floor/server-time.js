// @ts-check
/**
 * Statements run one after the other inside the server, in one DO block, so that neither a client
 * nor a round trip is in their time. Each is in a transaction of its own: thousands of them in one
 * would run out of lock slots.
 */

/**
 * @typedef {object} ServerTime
 * @property {number} elapsedMs
 * @property {number | undefined} cpuMs of the session's process; undefined where it can't be read
 */

/** Nanoseconds that the session's own process has been on a core: Linux, and the right to read files. */
const CPU_TIME = "split_part(pg_read_file('/proc/self/schedstat', 0, 100), ' ', 1)::bigint";

/**
 * Whether a server can say how much CPU time a session of its has used.
 *
 * @param {import("pgcopy").Connection} connection
 */
export async function canReadCpuTime(connection) {
  try {
    await connection.query("reading the session's CPU time", `select ${CPU_TIME}`);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {import("pgcopy").Connection} connection
 * @param {readonly import("./statements.js").Statement[]} statements
 * @param {boolean} cpu whether to measure CPU time
 * @returns {Promise<ServerTime>}
 */
export async function timeOnServer(connection, statements, cpu) {
  await connection.execute("measuring the floor", block(statements, cpu ? CPU_TIME : "0"));
  const [row] = await connection.query(
    "reading what was measured",
    "select current_setting('pgcopy_bench.elapsed_ms') as elapsed, current_setting('pgcopy_bench.cpu_ms') as cpu",
  );
  return { elapsedMs: Number(row?.elapsed), cpuMs: cpu ? Number(row?.cpu) : undefined };
}

/**
 * An array and not a query is looped over: COPY … FREEZE refuses to run while a cursor is open.
 *
 * @param {readonly import("./statements.js").Statement[]} statements
 * @param {string} cpuTime
 */
const block = (statements, cpuTime) => `
  do $block$
  declare
    befores text[] := array(select jsonb_array_elements_text(${json(statements.map(({ before }) => before))}));
    statements text[] := array(select jsonb_array_elements_text(${json(statements.map(({ sql }) => sql))}));
    began timestamptz;
    cpu_began bigint;
    elapsed float8 := 0;
    cpu float8 := 0;
  begin
    for i in 1..cardinality(statements) loop
      if befores[i] <> '' then execute befores[i]; end if;
      began := clock_timestamp();
      cpu_began := ${cpuTime};
      execute statements[i];
      cpu := cpu + (${cpuTime} - cpu_began) / 1e6;
      elapsed := elapsed + extract(epoch from clock_timestamp() - began) * 1e3;
      commit;
    end loop;
    perform set_config('pgcopy_bench.elapsed_ms', elapsed::text, false), set_config('pgcopy_bench.cpu_ms', cpu::text, false);
  end $block$`;

/** @param {readonly string[]} texts */
const json = (texts) => `$texts$${JSON.stringify(texts)}$texts$::jsonb`;
