/** What changed between two texts, line by line, with a few lines around each change. */

export interface DiffLine {
  /** `gap` stands for lines that are the same and not shown. */
  readonly kind: "removed" | "added" | "same" | "gap";
  readonly text: string;
}

/** Lines shown before and after a change. */
const CONTEXT = 3;
/** Beyond so many pairs of lines the shortest difference is not looked for: it would take seconds. */
const MOST_PAIRS = 4_000_000;

export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end++;
  const same = (lines: readonly string[]) =>
    lines.map((text): DiffLine => ({ kind: "same", text }));
  return withoutDistant([
    ...same(before.slice(0, start)),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...same(before.slice(before.length - end)),
  ]);
}

/** By the longest common subsequence of lines. */
function middle(before: readonly string[], after: readonly string[]): DiffLine[] {
  const removed = (text: string): DiffLine => ({ kind: "removed", text });
  const added = (text: string): DiffLine => ({ kind: "added", text });
  if (before.length * after.length > MOST_PAIRS || before.length * after.length === 0) {
    return [...before.map(removed), ...after.map(added)];
  }
  const columns = after.length + 1;
  // How many lines the rest from (i, j) on has in common.
  const common = new Uint32Array((before.length + 1) * columns);
  const at = (i: number, j: number) => common[i * columns + j] as number;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i * columns + j] =
        before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ kind: "same", text: before[i] as string });
      i++;
      j++;
    } else if (j === after.length || (i < before.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push(removed(before[i++] as string));
    } else lines.push(added(after[j++] as string));
  }
  return lines;
}

function withoutDistant(lines: readonly DiffLine[]): DiffLine[] {
  const near = new Set<number>();
  for (const [at, { kind }] of lines.entries()) {
    if (kind === "same") continue;
    for (let one = at - CONTEXT; one <= at + CONTEXT; one++) near.add(one);
  }
  const shown: DiffLine[] = [];
  for (const [at, line] of lines.entries()) {
    if (near.has(at)) shown.push(line);
    else if (near.size > 0 && shown.at(-1)?.kind !== "gap") shown.push({ kind: "gap", text: "" });
  }
  return shown;
}
