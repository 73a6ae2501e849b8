import { NO_ROW } from '../base/limits.js';
import type { NodeId } from '../base/types.js';

/**
 * Main thread. The bounded Map in front of the interner: (scope, id) → row for the ids used last.
 *
 * Two generations: a hit in the older moves the entry to the younger; when the younger is full it becomes the older, and
 * what was not used for a whole generation is forgotten. A hit in the younger, the common case, is one Map look-up. Scopes
 * have Maps of their own only while they have entries.
 */
export class IdCache {
  readonly #limit: number;
  #young = new Map<number, Map<NodeId, number>>();
  #old = new Map<number, Map<NodeId, number>>();
  #youngSize = 0;
  #lastScope = -1;
  #lastIds: Map<NodeId, number> | undefined;

  /** At most `maxEntries` in both generations together. */
  constructor(maxEntries: number) {
    this.#limit = Math.max(1, maxEntries >>> 1);
  }

  get(scope: number, id: NodeId): number {
    const ids = scope === this.#lastScope ? this.#lastIds : this.#scope(scope);
    if (ids !== undefined) {
      const row = ids.get(id);
      if (row !== undefined) return row;
    }
    if (this.#old.size === 0) return NO_ROW;
    const row = this.#old.get(scope)?.get(id);
    if (row === undefined) return NO_ROW;
    this.set(scope, id, row);
    return row;
  }

  #scope(scope: number): Map<NodeId, number> | undefined {
    this.#lastScope = scope;
    return (this.#lastIds = this.#young.get(scope));
  }

  set(scope: number, id: NodeId, row: number): void {
    if (this.#youngSize >= this.#limit) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngSize = 0;
      this.#lastScope = -1;
    }
    let ids = scope === this.#lastScope ? this.#lastIds : this.#scope(scope);
    if (ids === undefined) {
      ids = new Map();
      this.#young.set(scope, ids);
      this.#lastIds = ids;
    }
    const before = ids.size;
    ids.set(id, row);
    this.#youngSize += ids.size - before;
  }

  delete(scope: number, id: NodeId): void {
    if (this.#young.get(scope)?.delete(id)) this.#youngSize--;
    this.#old.get(scope)?.delete(id);
  }

  dropScope(scope: number): void {
    const ids = this.#young.get(scope);
    if (ids !== undefined) {
      this.#youngSize -= ids.size;
      this.#young.delete(scope);
    }
    this.#old.delete(scope);
    if (scope === this.#lastScope) this.#lastScope = -1;
  }
}
