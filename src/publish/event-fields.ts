import { AthanorError, show } from '../base/errors.js';
import { checkNames, suggestion, unreadable } from '../base/option-names.js';

/*
 * The fields of events by type, and of the attributes that the methods of a graph take. Whoever reads such an object reads
 * each field once, into locals, counts the names that are there, and holds the count against the fields that it found: only
 * where they differ are the names looked at one by one.
 */

const NODE_ATTRIBUTES = ['x', 'y', 'z', 'kind', 'time', 'data'] as const;
const EDGE_ATTRIBUTES = ['kind', 'weight', 'time'] as const;

export const FIELDS = {
  'node.upserted': ['type', 'graph', 'node', ...NODE_ATTRIBUTES],
  'node.moved': ['type', 'graph', 'node', 'x', 'y', 'z', 'w', 'time'],
  'node.removed': ['type', 'graph', 'node', 'time'],
  'edge.upserted': ['type', 'graph', 'source', 'target', ...EDGE_ATTRIBUTES],
  'edge.removed': ['type', 'graph', 'source', 'target', 'kind', 'time'],
  'graph.created': ['type', 'graph', 'options', 'time'],
  'graph.removed': ['type', 'graph', 'time'],
  'zone.set': ['type', 'graph', 'zone', 'shape', 'time'],
  'zone.removed': ['type', 'graph', 'zone', 'time'],
  nodeAttributes: NODE_ATTRIBUTES,
  edgeAttributes: EDGE_ATTRIBUTES,
  removedEdgeAttributes: ['kind'],
} as const;

const TYPES = Object.keys(FIELDS).filter((name) => name.includes('.'));

/** @throws AthanorError ATHANOR_INVALID_EVENT where the object has a field of its own that is not among `names`. */
export function refuseUnknownFields(given: object, names: readonly string[]): void {
  try {
    checkNames('ATHANOR_INVALID_EVENT', '', 'field', given, names);
  } catch (error) {
    throw unreadableEvent(error);
  }
}

/** A getter threw, or a proxy is revoked. What is thrown on purpose, by a call that the getter made, stays as it is. */
export function unreadableEvent(error: unknown): AthanorError {
  return unreadable('ATHANOR_INVALID_EVENT', 'event', error);
}

export function unknownType(type: unknown): AthanorError {
  const known = TYPES.map((name) => `'${name}'`).join(', ');
  const hint = typeof type === 'string' ? suggestion(type, TYPES) : '';
  const nearest = hint.startsWith('did') ? `; ${hint} The types are` : '; the types are';
  return new AthanorError('ATHANOR_INVALID_EVENT', `type: ${show(type)} is no type of event${nearest} ${known}`);
}

/** How an id stands in a message. */
function shown(id: unknown): string {
  if (typeof id === 'string') return `'${id.length > 60 ? `${id.slice(0, 40)}…${id.slice(-15)}` : id}'`;
  return show(id);
}

/** The error of an event of an array, which says what event that is. `subjects`: its node, or its source and target. */
export function ofArray(error: unknown, index: number, subject: unknown, target: unknown): unknown {
  if (!(error instanceof AthanorError) || error.code === 'ATHANOR_BACKPRESSURE') return error;
  if (error.code !== 'ATHANOR_INVALID_EVENT' && error.code !== 'ATHANOR_PAYLOAD_TOO_LARGE') {
    if (error.code !== 'ATHANOR_CAPACITY' && error.code !== 'ATHANOR_UNSUPPORTED') return error;
  }
  const path = `events[${index}]`;
  const { message } = error;
  let words = `${path}: ${message}`;
  if (message.startsWith('event: ')) words = `${path}: ${message.slice(7)}`;
  else if (/^[\w$.[\]]+: /.test(message)) words = `${path}.${message}`;
  let whose = '';
  if (target !== undefined) whose = ` (edge ${shown(subject)} → ${shown(target)})`;
  else if (subject !== undefined) whose = ` (node ${shown(subject)})`;
  return new AthanorError(error.code, words + whose, { cause: error.cause ?? error });
}

/** Any object: a field may be there or not, and hold anything. */
export type Given = Record<string, unknown>;

/** Fields that every event has, where they are there. */
export function headers(graph: unknown, time: unknown): number {
  return (graph === undefined ? 1 : 2) + (time === undefined ? 0 : 1);
}

export function attributesOf(attributes: unknown): Given {
  if (typeof attributes === 'object' && attributes !== null) return attributes as Given;
  throw new AthanorError('ATHANOR_INVALID_EVENT', `attributes: ${show(attributes)} is not an object`);
}
