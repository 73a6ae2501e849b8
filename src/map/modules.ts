/** Modules for `graphs.map` that come with the library. Each also stands alone: `import.meta.resolve('athanor/map/summary')`. */
export const mapModules: { readonly summary: URL } = {
  /** Nodes, edges, components, triangles and degrees of each graph: `SummaryStatistics`. Its `data`: `SummaryOptions`. */
  summary: new URL('./summary.js', import.meta.url),
};
