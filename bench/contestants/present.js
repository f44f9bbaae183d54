// @ts-check
/** Who of the contestants can take part. */

/**
 * Those that can; of the others it is said why not.
 *
 * @param {readonly import("./contestant.js").Contestant[]} contestants
 * @param {{ version: string }} source
 */
export async function present(contestants, source) {
  const sourceMajor = Number.parseInt(source.version, 10);
  const found = [];
  const missing = [];
  for (const contestant of contestants) {
    const reason = await contestant.missing({ sourceMajor });
    if (reason === undefined) {
      found.push(contestant);
      continue;
    }
    console.log(`Missing: ${contestant.name} (${reason})`);
    missing.push({ contestant: contestant.name, title: contestant.title, reason });
  }
  return { contestants: found, missing };
}
