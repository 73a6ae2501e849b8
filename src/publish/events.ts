import { AthanorError, show } from '../base/errors.js';
import { unreadable } from '../base/option-names.js';
import type { EngineEvent, GraphOptions, NodeId } from '../base/types.js';
import { DataEncoder } from '../schema/data-encoder.js';
import { checkFinite, checkName, readGraphOptions } from './check.js';
import {
  attributesOf,
  FIELDS,
  type Given,
  headers,
  ofArray,
  refuseUnknownFields,
  unknownType,
  unreadableEvent,
} from './event-fields.js';
import type { GraphRef } from './graph-refs.js';
import { ZonePublisher } from './zones.js';

/**
 * Main thread. The one place where objects of the user's are read: events, and the attributes that a graph's methods take.
 *
 *   read each field once ─▶ the clock ─▶ data as MessagePack │ check ─▶ bind ─▶ write into the open frame
 *            code of the user's may run: it may publish       │        it may not
 *
 * Getters, proxies and the clock run left of the line, where nothing of the event is done yet: what they publish, or close,
 * is done before it. Within an array of events they would run between one event and the next, of a call that may yet be
 * refused as a whole: there, and in the clock, publishing is refused (`enter`), and a flush or close begins when the call is
 * over.
 */
export class EventPublisher extends ZonePublisher {
  /** Encoders that nobody writes with: a getter in `data` may publish data itself. */
  readonly #encoders: DataEncoder[] = [];
  /** What the event that is being read is about, for the message of its refusal. */
  #subject: unknown;
  #target: unknown;

  /**
   * One event or an array of them. False above the high-water mark.
   * @throws AthanorError, with none of the events accepted.
   */
  publish(events: EngineEvent | readonly EngineEvent[]): boolean {
    let count = 1;
    try {
      this.enter();
      let several: readonly unknown[] | undefined;
      try {
        if (Array.isArray(events)) {
          several = events;
          count = several.length;
        }
      } catch (error) {
        throw unreadableEvent(error);
      }
      if (several === undefined) this.#dispatch(events);
      else if (count === 1) this.#dispatchOf(several, 0);
      else if (count > 0) this.#publishAll(several, count);
    } catch (error) {
      this.rejected += count;
      throw error;
    }
    return !this.congested();
  }

  #publishAll(events: readonly unknown[], count: number): void {
    this.whole(() => {
      // By index: an iterator of the user's might never end.
      for (let i = 0; i < count; i++) this.#dispatchOf(events, i);
    });
  }

  #dispatchOf(events: readonly unknown[], index: number): void {
    this.#subject = undefined;
    this.#target = undefined;
    try {
      let event: unknown;
      try {
        event = events[index];
      } catch (error) {
        throw unreadableEvent(error);
      }
      this.#dispatch(event);
    } catch (error) {
      throw ofArray(error, index, this.#subject, this.#target);
    }
  }

  #dispatch(event: unknown): void {
    if (typeof event !== 'object' || event === null) {
      throw new AthanorError('ATHANOR_INVALID_EVENT', `event: ${show(event)} is not an object`);
    }
    const given = event as Given;
    let type: unknown;
    try {
      type = given.type;
    } catch (error) {
      throw unreadableEvent(error);
    }
    switch (type) {
      case 'node.moved':
        this.#moved(given);
        return;
      case 'node.upserted':
        this.#nodeUpserted(given);
        return;
      case 'node.removed':
        this.#nodeRemoved(given);
        return;
      case 'edge.upserted':
        this.#edgeUpserted(given);
        return;
      case 'edge.removed':
        this.#edgeRemoved(given);
        return;
      case 'graph.created':
      case 'graph.removed':
        this.#graphEvent(given, type);
        return;
      case 'zone.set':
      case 'zone.removed':
        this.zoneEvent(given, type, (graph) => this.#refOf(graph));
        return;
      case 'custom':
        throw new AthanorError('ATHANOR_UNSUPPORTED', "type: events of type 'custom' are not built yet");
      default:
        throw unknownType(type);
    }
  }

  /** The graph of an event, once its name is known to be one. */
  #refOf(graph: unknown): GraphRef {
    checkName('graph', graph);
    return this.refs.of(graph);
  }

  // ------------------------------------------------------------ nodes

  #moved(event: Given): void {
    let graph: unknown;
    let node: unknown;
    let x: unknown;
    let y: unknown;
    let z: unknown;
    let w: unknown;
    let time: unknown;
    let names = 0;
    try {
      graph = event.graph;
      node = event.node;
      x = event.x;
      y = event.y;
      z = event.z;
      w = event.w;
      time = event.time;
      for (const _name in event) names++;
    } catch (error) {
      throw unreadableEvent(error);
    }
    this.#subject = node;
    let known = headers(graph, time);
    if (node !== undefined) known++;
    if (x !== undefined) known++;
    if (y !== undefined) known++;
    if (z !== undefined) known++;
    if (w !== undefined) known++;
    if (names !== known) refuseUnknownFields(event, FIELDS['node.moved']);
    const ref = this.#refOf(graph);
    if (time !== undefined) checkFinite('time', time);
    if (w !== undefined && w !== null) checkFinite('w', w);
    const at = time ?? this.now();
    // `moveNode` looks at the rest: the space of the graph decides what is right.
    this.moveNode(
      ref,
      node as NodeId,
      x as number,
      y as number,
      (z ?? undefined) as number,
      (w ?? undefined) as number,
      at,
    );
  }

  #nodeUpserted(event: Given): void {
    let graph: unknown;
    let node: unknown;
    try {
      graph = event.graph;
      node = event.node;
    } catch (error) {
      throw unreadableEvent(error);
    }
    this.#subject = node;
    const others = (graph === undefined ? 1 : 2) + (node === undefined ? 0 : 1);
    this.#upsertNode(undefined, graph, node, event, others, FIELDS['node.upserted']);
  }

  /** `Graph.upsertNode`. */
  upsertNodeOf(ref: GraphRef, id: unknown, attributes: unknown): void {
    this.#upsertNode(ref, undefined, id, attributesOf(attributes), 0, FIELDS.nodeAttributes);
  }

  /** `others`: how many fields the object has beside the attributes. */
  #upsertNode(
    ref: GraphRef | undefined,
    graph: unknown,
    id: unknown,
    given: Given,
    others: number,
    fields: readonly string[],
  ): void {
    let x: unknown;
    let y: unknown;
    let z: unknown;
    let kind: unknown;
    let time: unknown;
    let data: unknown;
    let names = 0;
    try {
      x = given.x;
      y = given.y;
      z = given.z;
      kind = given.kind;
      time = given.time;
      data = given.data;
      for (const _name in given) names++;
    } catch (error) {
      throw unreadableEvent(error);
    }
    let known = others;
    if (x !== undefined) known++;
    if (y !== undefined) known++;
    if (z !== undefined) known++;
    if (kind !== undefined) known++;
    if (time !== undefined) known++;
    if (data !== undefined) known++;
    if (names !== known) refuseUnknownFields(given, fields);
    const of = ref ?? this.#refOf(graph);
    if (time !== undefined) checkFinite('time', time);
    const at = time ?? this.now();
    if (data === undefined) {
      this.upsertNode(of, id as NodeId, x ?? undefined, y ?? undefined, z ?? undefined, kind, at, undefined);
      return;
    }
    const encoder = this.#encoders.pop() ?? new DataEncoder(this.maxPayloadBytes);
    try {
      try {
        encoder.encode(data, 'data');
      } catch (error) {
        throw unreadable('ATHANOR_INVALID_EVENT', 'data', error);
      }
      this.upsertNode(of, id as NodeId, x ?? undefined, y ?? undefined, z ?? undefined, kind, at, encoder);
    } finally {
      this.#encoders.push(encoder);
    }
  }

  #nodeRemoved(event: Given): void {
    let graph: unknown;
    let node: unknown;
    let time: unknown;
    let names = 0;
    try {
      graph = event.graph;
      node = event.node;
      time = event.time;
      for (const _name in event) names++;
    } catch (error) {
      throw unreadableEvent(error);
    }
    this.#subject = node;
    if (names !== headers(graph, time) + (node === undefined ? 0 : 1)) {
      refuseUnknownFields(event, FIELDS['node.removed']);
    }
    if (time !== undefined) checkFinite('time', time);
    this.removeNode(this.#refOf(graph), node as NodeId, time);
  }

  // ------------------------------------------------------------ edges

  #edgeUpserted(event: Given): void {
    let graph: unknown;
    let source: unknown;
    let target: unknown;
    try {
      graph = event.graph;
      source = event.source;
      target = event.target;
    } catch (error) {
      throw unreadableEvent(error);
    }
    this.#subject = source;
    this.#target = target;
    const others = (graph === undefined ? 1 : 2) + (source === undefined ? 0 : 1) + (target === undefined ? 0 : 1);
    this.#upsertEdge(undefined, graph, source, target, event, others, FIELDS['edge.upserted']);
  }

  /** `Graph.upsertEdge`. */
  upsertEdgeOf(ref: GraphRef, source: unknown, target: unknown, attributes: unknown): void {
    this.#upsertEdge(ref, undefined, source, target, attributesOf(attributes), 0, FIELDS.edgeAttributes);
  }

  #upsertEdge(
    ref: GraphRef | undefined,
    graph: unknown,
    source: unknown,
    target: unknown,
    given: Given,
    others: number,
    fields: readonly string[],
  ): void {
    let kind: unknown;
    let weight: unknown;
    let time: unknown;
    let names = 0;
    try {
      kind = given.kind;
      weight = given.weight;
      time = given.time;
      for (const _name in given) names++;
    } catch (error) {
      throw unreadableEvent(error);
    }
    let known = others;
    if (kind !== undefined) known++;
    if (weight !== undefined) known++;
    if (time !== undefined) known++;
    if (names !== known) refuseUnknownFields(given, fields);
    const of = ref ?? this.#refOf(graph);
    if (time !== undefined) checkFinite('time', time);
    const at = time ?? this.now();
    this.upsertEdge(of, source as NodeId, target as NodeId, kind as string, weight as number, at);
  }

  #edgeRemoved(event: Given): void {
    let graph: unknown;
    let source: unknown;
    let target: unknown;
    let kind: unknown;
    let time: unknown;
    let names = 0;
    try {
      graph = event.graph;
      source = event.source;
      target = event.target;
      kind = event.kind;
      time = event.time;
      for (const _name in event) names++;
    } catch (error) {
      throw unreadableEvent(error);
    }
    this.#subject = source;
    this.#target = target;
    let known = headers(graph, time);
    if (source !== undefined) known++;
    if (target !== undefined) known++;
    if (kind !== undefined) known++;
    if (names !== known) refuseUnknownFields(event, FIELDS['edge.removed']);
    if (time !== undefined) checkFinite('time', time);
    this.removeEdge(this.#refOf(graph), source as NodeId, target as NodeId, kind as string | undefined, time);
  }

  /** `Graph.removeEdge`. */
  removeEdgeOf(ref: GraphRef, source: unknown, target: unknown, attributes: unknown): void {
    const given = attributesOf(attributes);
    let kind: unknown;
    try {
      kind = given.kind;
    } catch (error) {
      throw unreadableEvent(error);
    }
    refuseUnknownFields(given, FIELDS.removedEdgeAttributes);
    this.removeEdge(ref, source as NodeId, target as NodeId, kind as string | undefined, undefined);
  }

  // ------------------------------------------------------------ graphs

  #graphEvent(event: Given, type: 'graph.created' | 'graph.removed'): void {
    let graph: unknown;
    let options: unknown;
    let time: unknown;
    try {
      graph = event.graph;
      if (type === 'graph.created') options = event.options;
      time = event.time;
    } catch (error) {
      throw unreadableEvent(error);
    }
    refuseUnknownFields(event, FIELDS[type]);
    const ref = this.#refOf(graph);
    if (time !== undefined) checkFinite('time', time);
    if (type === 'graph.removed') {
      this.removeGraph(ref, time);
      return;
    }
    const plain =
      options === undefined ? undefined : readGraphOptions(options as GraphOptions, 'ATHANOR_INVALID_EVENT');
    this.createGraph(ref, plain, time);
  }
}
