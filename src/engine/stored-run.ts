/**
 * What a journal keeps of a run so that another process can go on with it: the plan as it is, for
 * planned again it would come out otherwise (the cuts of parts, batches, formats), and what its end needs.
 * What only who started it may know is sealed, or left out.
 */

import { PgCopyError } from "../errors.js";
import type { NamedObject } from "../load/check-target.js";
import type { JournalRun } from "../load/journal-store.js";
import { newSeal, pack, type Seal, unpack } from "../load/sealed.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import type { LargeObjectSelection } from "../plan/large-object-rows.js";
import type { SourceObject } from "../plan/task.js";
import type { HeldSnapshot } from "../snapshot/held-snapshot.js";
import { databaseIdentity } from "../snapshot/identity.js";
import { withSecretsHidden } from "./hidden-secrets.js";
import type { PreparedTarget } from "./prepare-target.js";
import type { SourceContent } from "./read-source.js";
import { type PlanOption, planOptions } from "./resumed-options.js";
import type { Servers } from "./servers.js";

/** Of what is stored: another release of pgcopy that stores something else counts on. */
export const STORED_FORMAT = 1;

/** What the end of a run needs of what was read of the source. */
export type KeptContent = Pick<SourceContent, "attributes" | "pgDump" | "filters">;

/** What a task leaves on the target. */
export interface Created {
  /** Script by script, in the order in which they run. */
  readonly scripts: readonly (readonly SourceObject[])[];
  readonly largeObjects?: LargeObjectSelection;
}

/** What everybody may know who can read the journal. */
interface OpenPart extends Pick<PreparedTarget, "databaseCreated" | "rolesCreated" | "properties"> {
  readonly content: KeptContent;
  readonly objects: readonly NamedObject[];
  /** By the task's id. */
  readonly created: ReadonlyMap<string, Created>;
  /** The plan and the options that made it, packed by themselves: sealed where rows are selected or masked. */
  readonly plan: Buffer;
}

export interface StoredPlan {
  readonly plan: ClonePlan;
  readonly options: Pick<ResolvedOptions, PlanOption>;
  /** Statements of the plan whose secrets were left out. */
  readonly hidden: ReadonlySet<string>;
}

/** What is known of an unfinished run without its plan. */
export type StoredRun = OpenPart;

export interface RunToStore {
  readonly servers: Pick<Servers, "sourceEndpoint">;
  readonly snapshot: HeldSnapshot;
  readonly plan: ClonePlan;
  readonly content: KeptContent;
  readonly target: Pick<PreparedTarget, "databaseCreated" | "rolesCreated" | "properties">;
  readonly objects: readonly NamedObject[];
  readonly resolved: ResolvedOptions;
  readonly pgcopyVersion: string;
}

/** The journal's first row, and what is stored beside it. */
export async function storeRun(run: RunToStore): Promise<{ run: JournalRun; plan: Buffer }> {
  const { plan, content, target, objects, resolved } = run;
  const { attributes, pgDump, filters } = content;
  const { databaseCreated, rolesCreated, properties } = target;
  const secret = secretOf(resolved);
  const seal = secret === undefined ? undefined : newSeal(secret);
  const stored: StoredPlan = {
    ...(await withSecretsHidden(plan)),
    options: planOptions(resolved),
  };
  const open: OpenPart = {
    databaseCreated,
    rolesCreated,
    properties,
    content: { attributes, pgDump, ...(filters === undefined ? {} : { filters }) },
    objects,
    created: createdByTask(plan),
    plan: await pack(stored, seal),
  };
  return {
    run: {
      source: run.servers.sourceEndpoint.description,
      sourceIdentity: await databaseIdentity(run.snapshot.connection),
      pgcopyVersion: run.pgcopyVersion,
      format: STORED_FORMAT,
      tasks: plan.tasks.length,
      salt: seal?.salt,
    },
    plan: await pack(open),
  };
}

/** Conditions and masks may hold constants that nobody else is to read. */
function secretOf({ where, mask }: Pick<ResolvedOptions, "where" | "mask">): string | undefined {
  const rules = [where, mask].map((given) => Object.entries(given).sort());
  return rules.every((given) => given.length === 0) ? undefined : JSON.stringify(rules);
}

function createdByTask({ tasks }: ClonePlan): ReadonlyMap<string, Created> {
  return new Map(
    tasks.flatMap(({ id, work }): [string, Created][] => {
      if (work.do === "scripts") return [[id, { scripts: work.scripts.map(({ of = [] }) => of) }]];
      if (work.do !== "large_objects" || work.step === "fill" || work.step === "describe")
        return [];
      return [[id, { scripts: [], largeObjects: work.objects }]];
    }),
  );
}

/**
 * What the journal keeps of its run.
 *
 * @throws PgCopyError `target_unfit` if another release of pgcopy stored it.
 */
export async function openStoredRun(run: JournalRun, bytes: Buffer): Promise<StoredRun> {
  const stored = run.format === STORED_FORMAT ? await unpack(bytes) : undefined;
  if (stored !== undefined) return stored as StoredRun;
  throw new PgCopyError(
    `the unfinished run was begun by pgcopy ${run.pgcopyVersion}, whose journal this release can't read`,
    {
      code: "target_unfit",
      side: "target",
      advice: `go on with pgcopy ${run.pgcopyVersion}, or start over with --drop-if-exists`,
    },
  );
}

/**
 * The plan.
 *
 * @throws PgCopyError `usage` if `where` and `mask` are not those that the run was begun with.
 */
export async function openStoredPlan(
  stored: StoredRun,
  { salt }: JournalRun,
  resolved: Pick<ResolvedOptions, "where" | "mask">,
): Promise<StoredPlan> {
  const seal: Seal | undefined =
    salt === undefined ? undefined : { secret: secretOf(resolved) ?? "", salt };
  const plan = await unpack(stored.plan, seal);
  if (plan !== undefined) return plan as StoredPlan;
  throw new PgCopyError("the unfinished run was begun with other WHERE conditions or masks", {
    code: "usage",
    options: ["where", "mask"],
    advice:
      "give the same --where and --mask again: the journal keeps them sealed, and only they open it; or start over with --restart",
  });
}
