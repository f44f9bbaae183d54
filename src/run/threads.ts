/** How many threads move rows. Pure. */

/** One event loop moves about 600 MB/s, as much as six jobs bring it: docs/performance.md. */
const JOBS_OF_A_THREAD = 6;
/** With fewer, threads would take from each other, and from servers that are near, what they need themselves. */
const FEWEST_CORES = 4;

/**
 * How many threads to use; 1 is the main thread alone.
 *
 * @param tableJobs how many tasks that copy run at a time: a thread more would have nothing to do.
 * @param cores how many threads the machine runs at a time.
 */
export function chooseThreads(wanted: number | "auto", tableJobs: number, cores: number): number {
  if (wanted !== "auto") return Math.min(wanted, tableJobs);
  if (cores < FEWEST_CORES) return 1;
  return Math.min(Math.ceil(tableJobs / JOBS_OF_A_THREAD), cores);
}
