/**
 * Sequences on both ends. They are not part of any snapshot: they are read as they stand now. One
 * that is behind gives out values that the other end has used already.
 */

import type { Connection } from "../postgres/connection.js";
import { displayName, quoteQualified } from "../postgres/quote.js";

export interface SequenceState {
  readonly schema: string;
  readonly name: string;
  readonly lastValue: string;
  /** Whether `lastValue` was given out; else it is the next one. */
  readonly isCalled: boolean;
}

export interface SequenceDifference {
  readonly schema: string;
  readonly name: string;
  /** `behind`: the target would give out values that the source gave out already. */
  readonly status: "only_on_source" | "only_on_target" | "behind" | "ahead";
  readonly source?: SequenceState;
  readonly target?: SequenceState;
}

interface SequenceRow extends Record<string, unknown> {
  readonly schema: string;
  readonly name: string;
  readonly increment: string;
  readonly readable: boolean;
}

const sequencesQuery = `
select n.nspname as schema, c.relname as name, s.seqincrement::text as increment,
       pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_sequence_privilege(c.oid, 'select') as readable
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_sequence s on s.seqrelid = c.oid
where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgcopy_journal')
  and c.relpersistence <> 't'
  and not (c.relpersistence = 'u' and pg_catalog.pg_is_in_recovery())
  and not exists (select from pg_catalog.pg_depend e where e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  and e.objid = c.oid and e.deptype = 'e')
order by c.oid`;

/** One query reads this many; each sequence is a relation of its own. */
const PER_QUERY = 500;

export interface SequencesOfEnd {
  readonly states: ReadonlyMap<string, SequenceState & { readonly increment: bigint }>;
  /** Names of those that the role may not read. */
  readonly unreadable: readonly string[];
}

/** Reads where all sequences of one end stand. */
export async function readSequences(end: Connection): Promise<SequencesOfEnd> {
  const attempted = "compare sequences";
  const sequences = await end.query<SequenceRow>(attempted, sequencesQuery);
  const readable = sequences.filter((sequence) => sequence.readable);
  const states = new Map<string, SequenceState & { increment: bigint }>();
  for (let i = 0; i < readable.length; i += PER_QUERY) {
    const some = readable.slice(i, i + PER_QUERY);
    const rows = await end.query<{ n: number; last: string; called: boolean }>(
      attempted,
      some.map(stateQuery).join(" union all "),
    );
    for (const { n, last, called } of rows) {
      const { schema, name, increment } = some[n] as SequenceRow;
      const state = { schema, name, lastValue: last, isCalled: called };
      states.set(displayName(schema, name), { ...state, increment: BigInt(increment) });
    }
  }
  const unreadable = sequences.filter((sequence) => !sequence.readable);
  return { states, unreadable: unreadable.map(({ schema, name }) => displayName(schema, name)) };
}

function stateQuery({ schema, name }: SequenceRow, n: number): string {
  return `select ${n} as n, last_value::text as last, is_called as called from ${quoteQualified(schema, name)}`;
}

/** The sequences that stand elsewhere on the target than on the source. Pure. */
export function compareSequences(
  source: SequencesOfEnd,
  target: SequencesOfEnd,
): SequenceDifference[] {
  const known = (end: SequencesOfEnd, name: string) =>
    end.states.has(name) || end.unreadable.includes(name);
  const differences: SequenceDifference[] = [];
  for (const [key, here] of source.states) {
    const { schema, name } = here;
    const there = target.states.get(key);
    if (there === undefined) {
      if (!known(target, key))
        differences.push({ schema, name, status: "only_on_source", source: plain(here) });
    } else if (here.lastValue !== there.lastValue || here.isCalled !== there.isCalled) {
      const status = isBehind(there, here) ? "behind" : "ahead";
      differences.push({ schema, name, status, source: plain(here), target: plain(there) });
    }
  }
  for (const [key, there] of target.states) {
    const { schema, name } = there;
    if (!known(source, key))
      differences.push({ schema, name, status: "only_on_target", target: plain(there) });
  }
  return differences;
}

function isBehind(target: Standing, source: Standing): boolean {
  const [there, here] = [next(target), next(source)];
  return source.increment > 0n ? there < here : there > here;
}

type Standing = SequenceState & { readonly increment: bigint };

function next({ lastValue, isCalled, increment }: Standing): bigint {
  return BigInt(lastValue) + (isCalled ? increment : 0n);
}

function plain({ increment: _, ...state }: Standing): SequenceState {
  return state;
}
