/**
 * What a session sets while it builds an index: how much memory it sorts in, and how many parallel
 * workers help it. Pure: from the index, from what else runs, and from what the target says of itself.
 */

const KB = 1024;
const MB = 1024 * KB;

/** An index that a task builds, as far as its settings depend on it. */
export interface IndexBuild {
  readonly method: string;
  /** On the source. */
  readonly bytes: number;
}

/** What the target's sessions have, and whether anyone chose it: the configuration, the database or the role. */
export interface BuildLimits {
  readonly memoryBytes: number;
  readonly memoryIsDefault: boolean;
  readonly workers: number;
  readonly workersAreDefault: boolean;
  /** effective_cache_size: what the target takes its memory for files to be. */
  readonly cacheBytes: number;
}

/** What is left to do when the build begins, by the plan's estimates. */
export interface BuildLoad {
  /** How many statements the target is to work on at a time. */
  readonly jobs: number;
  /** This build's length in one process. */
  readonly seconds: number;
  /** All that is not done yet, this build among it. */
  readonly remainingSeconds: number;
}

/**
 * Up to here a sort gets no less, whatever it needs: the larger a run that is sorted in memory, the more
 * of it misses the CPU's caches. 3 million texts of 50 bytes took 4.9 s of CPU in 16 MB, 5.6 s in the
 * default of 64 MB, and 8.1 s in 512 MB (docs/performance.md#indexes).
 */
const SMALLEST_SORT_BYTES = 16 * MB;
/** PostgreSQL's tape: 256 kB to read ahead, and a block (tuplesort.c); it merges up to 500 at a time. */
const TAPE_BYTES = 264 * KB;
const MOST_TAPES = 500;
/** A tuple takes 24 bytes more in memory than in the index, and its allocation is rounded up. */
const SORTED_PER_INDEX_BYTE = 2.5;
/** Below this for each process, the server starts fewer workers. */
const MEMORY_PER_PROCESS_BYTES = 32 * MB;
/** A second merge pass over hundreds of GB is cheaper than what more than this would push out of memory. */
const LARGEST_SORT_BYTES = 1024 * MB;

export interface BuildSettings {
  readonly workers?: number;
  readonly memoryBytes?: number;
}

/** What to set; what is left out stays as the session has it. */
export function buildSettings(
  build: IndexBuild,
  limits: BuildLimits,
  load: BuildLoad,
): BuildSettings {
  const workers = limits.workersAreDefault ? processesFor(load) - 1 : undefined;
  // Other methods don't sort first: what they gather in memory, they write fewer times.
  const sorts = build.method === "btree" && limits.memoryIsDefault;
  const processes = 1 + (workers ?? limits.workers);
  return {
    ...(workers === undefined ? {} : { workers }),
    ...(sorts ? { memoryBytes: sortMemory(build, processes, limits, load.jobs) } : {}),
  };
}

/**
 * As large a share of the jobs as the build has of the work that is left: one that would outlast the rest
 * gets more than one process, so that it ends when they do; the last one of a run gets all jobs.
 *
 * Rounded to the nearest: alone with a share of one and a half jobs it ends after 1.5 times what all jobs
 * together would take. Rounded down it could be 2 times, up it would sort in two processes, at the cost of
 * both, what ends soon after the others anyway.
 */
function processesFor({ jobs, seconds, remainingSeconds }: BuildLoad): number {
  if (seconds <= 0) return 1;
  const share = seconds / Math.max(remainingSeconds, seconds);
  return Math.max(1, Math.round(share * jobs));
}

/**
 * Enough to merge all sorted runs in one pass, and for each process what the server asks for. All jobs
 * together take a quarter of the memory for files; a build never gets less than by the server's default.
 */
function sortMemory(
  { bytes }: IndexBuild,
  processes: number,
  { memoryBytes, cacheBytes }: BuildLimits,
  jobs: number,
): number {
  const sorted = bytes * SORTED_PER_INDEX_BYTE;
  const onePass = Math.max(Math.sqrt(sorted * TAPE_BYTES), sorted / MOST_TAPES);
  const each = processes === 1 ? SMALLEST_SORT_BYTES : MEMORY_PER_PROCESS_BYTES;
  const wanted = Math.max(Math.min(onePass, LARGEST_SORT_BYTES), processes * each);
  const most = Math.max(memoryBytes, (cacheBytes / 4 / jobs) * processes);
  return Math.floor(Math.min(wanted, most) / KB) * KB;
}

/** As a session's parameters. */
export function asParameters({ workers, memoryBytes }: BuildSettings): Record<string, string> {
  return {
    ...(memoryBytes === undefined
      ? {}
      : { maintenance_work_mem: `${Math.floor(memoryBytes / KB)}kB` }),
    ...(workers === undefined ? {} : { max_parallel_maintenance_workers: String(workers) }),
  };
}
