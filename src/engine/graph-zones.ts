import { AthanorError } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { Space } from '../base/space.js';
import type { NodeId } from '../base/types.js';
import { checkName } from '../publish/check.js';
import { readZoneShape } from '../publish/zone-fields.js';
import { checkZoneShape } from '../publish/zone-shape.js';
import { checkCount, checkId, checkKind } from '../query/check.js';
import { readQuery } from '../query/fields.js';
import { NodeSet } from '../query/node-set.js';
import { ANY_KIND } from '../spatial/queries.js';
import { geometryOf } from '../zones/space.js';
import { type Zone, zoneOf } from '../zones/zone.js';
import { GraphJobs } from './graph-jobs.js';
import type { ZoneView } from './zone-reads.js';

/** A ring of at least three points, not closed, that does not cross or touch itself. */
export interface PolygonQuery {
  /** Corners, as [x, y]. */
  points: ReadonlyArray<readonly [number, number]>;
  /** Only nodes of that kind. */
  kind?: string;
  /** At most so many, any of them. */
  limit?: number;
}

/** The reading half of zones: as applied, and the nodes inside by what watchers were told. */
export class GraphZones extends GraphJobs {
  /**
   * Zones as applied, in the order in which they were set, each with its shape as given and the number of nodes inside. Each is
   * read when the iterator comes to it: one that is removed meanwhile is left out, one that is set meanwhile may be.
   */
  *zones(): IterableIterator<ZoneView> {
    const graph = this.core.readRow(this.ref);
    if (graph === NO_ROW) return;
    const { graphs } = this.core.memory;
    const born = graphs.born[graph]!;
    for (const { row, name } of this.core.zoneReads.list(graph)) {
      // Another graph may have the row by now.
      if (graphs.born[graph] !== born) return;
      const view = this.core.zoneReads.at(graph, row, name);
      if (view !== undefined) yield view;
    }
  }

  /** The zone of that name as applied, or undefined. */
  zone(name: string): ZoneView | undefined {
    asQuery(() => checkName('zone', name));
    return this.core.zoneReads.zone(this.core.readRow(this.ref), name);
  }

  /** The nodes inside now, in no promised order; empty where there is no such zone. */
  inZone(name: string): NodeSet {
    asQuery(() => checkName('zone', name));
    return this.#setOf(this.core.zoneReads.inZone(this.core.readRow(this.ref), name));
  }

  /** Names of the zones that hold the node now, in the order in which the zones were set. */
  zonesOf(id: NodeId): string[] {
    checkId('id', id);
    const graph = this.core.readRow(this.ref);
    const row = graph === NO_ROW ? NO_ROW : this.core.publisher.nodes.find(graph, id);
    return row === NO_ROW ? [] : this.core.zoneReads.zonesOf(graph, row);
  }

  /**
   * Nodes in a polygon, its border included, by the same geometry as a zone of that shape. With `limit` any that many.
   * @throws AthanorError ATHANOR_INVALID_QUERY for a ring that crosses or touches itself, naming two edges.
   */
  withinPolygon(query: PolygonQuery): NodeSet {
    const { points, kind, limit } = readQuery(query, ['points', 'kind', 'limit']);
    if (kind !== undefined) checkKind(kind);
    if (limit !== undefined) checkCount('limit', limit);
    const graph = this.core.readRow(this.ref);
    const { options, radius } = this.core.memory.graphs;
    const isSphere = this.space === Space.sphere;
    const shape = asQuery(() =>
      checkZoneShape(
        readZoneShape({ type: 'polygon', points }, () => undefined),
        { dimensions: this.space === Space.solid ? 3 : 2, spherical: isSphere },
      ),
    );
    const wanted = kind === undefined ? ANY_KIND : this.core.kindOf(kind);
    if (graph === NO_ROW || wanted === undefined) return this.#setOf(new Uint32Array(0));
    const space = geometryOf(options[graph]!, radius[graph]!);
    const zone: Zone = zoneOf(0, 0, shape, space);
    return this.#setOf(this.core.zoneReads.within(graph, zone, space, wanted, limit ?? NO_ROW));
  }

  #setOf(rows: Uint32Array): NodeSet {
    const { slab, idSource } = this.core;
    slab.reserve(rows.length);
    const start = slab.at;
    slab.rows.set(rows, start);
    slab.at += rows.length;
    return new NodeSet(idSource, slab.rows, undefined, start, rows.length);
  }
}

/** What a check of events refuses in a question is a wrong question. */
function asQuery<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof AthanorError) || error.code !== 'ATHANOR_INVALID_EVENT') throw error;
    throw new AthanorError('ATHANOR_INVALID_QUERY', error.message.replace(/^shape\./, ''));
  }
}
