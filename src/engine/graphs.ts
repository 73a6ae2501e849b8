import type { EngineCore } from './core.js';
import { type MapResults, mapGraphs } from './map.js';
import type { MapOptions } from './map-options.js';

/** `engine.graphs`: what concerns all graphs. */
export class Graphs {
  readonly #core: EngineCore;

  constructor(core: EngineCore) {
    this.#core = core;
  }

  /** See `mapGraphs`. */
  map<R>(module: URL | string, options: MapOptions = {}): MapResults<R> {
    return mapGraphs<R>(this.#core, module, options);
  }
}
