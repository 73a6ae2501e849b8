/** Probability of following an edge, as the engine's by default. */
const DAMPING = 0.85;
/** A round that changes less in all is the last. */
const LEAST_CHANGE = 1e-12;

/** PageRank by its definition, in Maps: what every node gives to its targets, and all of it that has none to everybody. */
export function ranksOf(
  nodes: readonly string[],
  edges: ReadonlyArray<readonly [string, string]>,
): Map<string, number> {
  const targets = new Map(nodes.map((node): [string, Set<string>] => [node, new Set()]));
  for (const [source, target] of edges) targets.get(source)!.add(target);
  let ranks = new Map(nodes.map((node): [string, number] => [node, 1 / nodes.length]));
  for (let change = 1; change >= LEAST_CHANGE && nodes.length > 0; ) {
    let dangling = 0;
    for (const [node, rank] of ranks) if (targets.get(node)!.size === 0) dangling += rank;
    const base = (1 - DAMPING + DAMPING * dangling) / nodes.length;
    const next = new Map(nodes.map((node): [string, number] => [node, base]));
    for (const [node, of] of targets) {
      const share = (DAMPING * ranks.get(node)!) / of.size;
      for (const target of of) next.set(target, next.get(target)! + share);
    }
    change = 0;
    for (const [node, rank] of next) change += Math.abs(rank - ranks.get(node)!);
    ranks = next;
  }
  return ranks;
}
