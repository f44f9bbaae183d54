/**
 * Sequences. They are not part of any snapshot, so they are read after the last row was copied:
 * none can then end below a value that a copied row holds.
 */

import type { Sequence } from "../catalog/catalog.js";
import type { Connection } from "../postgres/connection.js";
import { quoteLiteral, quoteQualified } from "../postgres/quote.js";
import { failpoint } from "../run/failpoints.js";
import { named, type TaskRecord } from "./recorder.js";

/** One query reads this many; each sequence is a relation of its own. */
const PER_QUERY = 500;

/** Sets every sequence of the target to where the source's stands now. Returns how many. */
export async function resetSequences(
  sequences: readonly Sequence[],
  source: Connection,
  target: Connection,
  record: TaskRecord,
): Promise<number> {
  const statements: string[] = [];
  for (let i = 0; i < sequences.length; i += PER_QUERY) {
    const some = sequences.slice(i, i + PER_QUERY);
    const states = await source.query<{ n: number; last: string; called: boolean }>(
      "reading the source's sequences",
      some.map(stateQuery).join(" union all "),
    );
    for (const { n, last, called } of states) {
      const { schema, name } = some[n] as Sequence;
      statements.push(
        `select pg_catalog.setval(${quoteLiteral(quoteQualified(schema, name))}::pg_catalog.regclass, ${last}, ${called})`,
      );
    }
  }
  await failpoint("sequences.read", target.signal);
  await record.commit(target, named("setting the sequences", "begin", ...statements));
  return statements.length;
}

function stateQuery(sequence: Sequence, n: number): string {
  return `select ${n} as n, last_value::text as last, is_called as called from ${quoteQualified(sequence.schema, sequence.name)}`;
}
