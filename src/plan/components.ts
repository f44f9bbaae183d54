/** Which nodes of a graph are on a circle together. Pure. */

/**
 * The strongly connected components, each after those that its nodes lead to (Tarjan's algorithm).
 *
 * @param next the nodes that a node leads to.
 */
export function components<T>(nodes: readonly T[], next: (node: T) => readonly T[]): T[][] {
  const found: T[][] = [];
  const order = new Map<T, number>();
  const lowest = new Map<T, number>();
  const path: T[] = [];
  const open = new Set<T>();
  /** Nodes whose successors are still looked at: a call of its own for each would exhaust the stack. */
  const pending: { readonly node: T; readonly left: T[] }[] = [];
  const enter = (node: T): void => {
    order.set(node, order.size);
    lowest.set(node, order.get(node) as number);
    path.push(node);
    open.add(node);
    pending.push({ node, left: [...next(node)] });
  };
  const lower = (node: T, to: number): void => {
    lowest.set(node, Math.min(lowest.get(node) as number, to));
  };
  const leave = (node: T): void => {
    pending.pop();
    const above = pending.at(-1);
    if (above !== undefined) lower(above.node, lowest.get(node) as number);
    if (lowest.get(node) !== order.get(node)) return;
    const component = path.splice(path.lastIndexOf(node));
    for (const one of component) open.delete(one);
    found.push(component);
  };
  for (const start of nodes) {
    if (!order.has(start)) enter(start);
    for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
      const to = top.left.pop();
      if (to === undefined) leave(top.node);
      else if (!order.has(to)) enter(to);
      else if (open.has(to)) lower(top.node, order.get(to) as number);
    }
  }
  return found;
}
