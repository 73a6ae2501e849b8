import type { SummaryOptions, SummaryStatistics } from './summary.js';

declare const returned: unique symbol;
declare const taken: unique symbol;

/** The URL of a module for `graphs.map` that says, to TypeScript only, what its function returns and what `data` it takes. */
export interface MapModule<Result, Data = unknown> extends URL {
  /** Never there. */
  readonly [returned]?: Result;
  /** Never there. */
  readonly [taken]?: Data;
}

/** Modules for `graphs.map` that come with the library. Each also stands alone: `import.meta.resolve('athanor/map/summary')`. */
export const mapModules: {
  /** Nodes, edges, components, triangles and degrees of each graph. Its `data`: `SummaryOptions`. */
  readonly summary: MapModule<SummaryStatistics, SummaryOptions>;
} = {
  summary: new URL('./summary.js', import.meta.url),
};
