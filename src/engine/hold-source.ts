/**
 * A snapshot of a source, kept until it is let go. Two sessions hold it, each of which has exported it
 * under an id of its own: one that is lost is replaced by another that imports it from the one that is
 * left, and only when both are lost it is gone. A third, outside any transaction, looks on: what pg_stat_activity
 * and age() say does not change within a transaction.
 */

import { PgCopyError } from "../errors.js";
import type { SnapshotPins } from "../events.js";
import type { Connection } from "../postgres/connection.js";
import type { Blocked } from "../snapshot/blockers.js";
import { listTables } from "../snapshot/fence.js";
import {
  askForLife,
  fencedHolder,
  type Holder,
  openHolder,
  secondFencedHolder,
} from "../snapshot/holder.js";
import { readPins } from "../snapshot/pins.js";
import { fence } from "../snapshot/put-fence.js";
import type { Run } from "./run.js";

export interface HoldSourceOptions {
  readonly run: Run;
  readonly open: (purpose: string) => Promise<Connection>;
  readonly fenced: boolean;
  readonly lockTimeoutMs: number;
  /** Called when a session that holds it has ended. */
  readonly lost: () => void;
}

export class HeldSource {
  readonly #options: HoldSourceOptions;
  #holders: Holder[] = [];
  #watcher: Connection;
  #told = "";
  #tables: number | undefined;

  constructor(watcher: Connection, options: HoldSourceOptions) {
    this.#watcher = watcher;
    this.#options = options;
  }

  /** The id that was told last. */
  get id(): string {
    return this.#told;
  }

  /** How many tables are fenced; undefined without a fence. */
  get tables(): number | undefined {
    return this.#tables;
  }

  /**
   * Takes the snapshot.
   *
   * @throws PgCopyError as `fence` and `holdSnapshot`.
   */
  async take(first: Connection): Promise<void> {
    if (this.#options.fenced) await this.#takeFenced(first);
    else this.#add(await openHolder(first));
    await this.#addSecond();
    this.#tell();
  }

  /**
   * Asks each session for a sign of life, replaces one that is lost, and says what is pinned; undefined: it can't be
   * seen at this moment.
   *
   * @throws PgCopyError `task_failed` when no session holds the snapshot any more.
   */
  async look(): Promise<SnapshotPins | undefined> {
    await this.#askHolders();
    this.#lookAtFence();
    if (this.#holders.length < 2) {
      await this.#addSecond();
      // Those that were ended together are not all lost at the same moment: no id of a dead one is told.
      await this.#askHolders();
    }
    this.#tell();
    return await this.#readPins();
  }

  async #askHolders(): Promise<void> {
    await Promise.all(this.#living.map(askForLife));
    this.#holders = this.#living;
    if (this.#holders.length === 0) throw goneError();
  }

  async #readPins(): Promise<SnapshotPins | undefined> {
    try {
      if (!this.#watcher.usable) this.#watcher = await this.#options.open("hold watch");
      const pids = this.#holders.map(({ session }) => session.processId);
      return await readPins(this.#watcher, pids);
    } catch (error) {
      if (error instanceof PgCopyError && error.code === "interrupted") throw error;
      this.#warn("what the snapshot pins can't be seen", error);
      return undefined;
    }
  }

  /** Lets go of it. Never throws. */
  async release(): Promise<void> {
    const sessions = [...this.#holders.map(({ session }) => session), this.#watcher];
    this.#holders = [];
    await Promise.all(sessions.map((session) => session.close()));
  }

  get #living(): Holder[] {
    return this.#holders.filter(({ session }) => session.usable);
  }

  async #takeFenced(session: Connection): Promise<void> {
    const { run, lockTimeoutMs } = this.#options;
    const waiting = ({ table, blockers }: Blocked) =>
      run.warn(`waiting for a lock on ${table}, behind ${blockers.join("; ")}`);
    const options = { watcher: this.#watcher, lockTimeoutMs, waiting };
    const fenced = await fence(session, options, () => fencedHolder(session));
    this.#tables = fenced.tables;
    this.#add(fenced.result);
  }

  /** Once there was a moment without it, nobody knows which tables are still whole. */
  #lookAtFence(): void {
    if (this.#tables === undefined || this.#holders.some(({ fenced }) => fenced)) return;
    this.#tables = undefined;
    this.#told = "";
    this.#options.run.warn(
      "the fence is gone with the session that held its locks: a table that is truncated or rewritten now can't be read from the snapshot any more, which a clone notices",
    );
  }

  #add(holder: Holder): void {
    this.#holders.push(holder);
    holder.session.onEnd(this.#options.lost);
  }

  /** Has a second session hold it, from the one that does; what fails is tried again the next time. */
  async #addSecond(): Promise<void> {
    const [one] = this.#holders;
    if (one === undefined) return;
    let session: Connection | undefined;
    try {
      session = await this.#options.open("hold");
      this.#add(await this.#copyOf(one.id, session));
    } catch (error) {
      await session?.close();
      if (error instanceof PgCopyError && error.code === "interrupted") throw error;
      if (one.session.usable) this.#warn("a single session holds the snapshot", error);
    }
  }

  /** Without its locks, where somebody waits for those of the other: it would wait behind that one. */
  async #copyOf(id: string, session: Connection): Promise<Holder> {
    if (this.#tables === undefined) return await openHolder(session, id);
    try {
      return await secondFencedHolder(session, id, await listTables(this.#watcher));
    } catch (error) {
      if (!session.usable) throw error;
      await session.execute("beginning anew", "rollback");
      this.#warn("a single session holds the fence", error);
      return await openHolder(session, id);
    }
  }

  /** Once for each reason: it is tried again and again. */
  #warn(what: string, error: unknown): void {
    const warning = `${what}: ${error instanceof Error ? error.message : String(error)}`;
    const { run } = this.#options;
    if (!run.warnings.includes(warning)) run.warn(warning);
  }

  /** Tells an id that can be imported, if the one told last can't be any more. */
  #tell(): void {
    if (this.#holders.some(({ id }) => id === this.#told)) return;
    const { run } = this.#options;
    if (this.#told !== "")
      run.info(
        `the session that exported ${this.#told} was lost; another one holds the same snapshot, under the id that follows`,
      );
    this.#told = this.#holders[0]?.id ?? "";
    run.tell({
      type: "snapshot_held",
      snapshot: this.#told,
      ...(this.#tables === undefined ? {} : { tables: this.#tables }),
    });
  }
}

function goneError(): PgCopyError {
  return new PgCopyError("the snapshot is gone: every session that held it was lost", {
    code: "task_failed",
    attempted: "holding the snapshot",
    side: "source",
    advice:
      "sessions that imported it before go on; for all others hold a new one, which is of another moment",
  });
}
