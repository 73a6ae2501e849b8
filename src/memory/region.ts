import { AthanorError, invariant } from '../base/errors.js';
import type { Memory } from './reserve.js';

/*
 * A region is shared memory with a layout described in one file. Each of its buffers describes itself:
 *
 *   byte   0  u32  magic 'ATHN'
 *          4  u32  hash of the region's name
 *          8  u32  version of the layout
 *         12  u32  index of the buffer in the region
 *         16  u32  number of parameters
 *         32  f64  parameters, in the order of the layout (12 at most)
 *        128       first field, aligned to 128 bytes; 8 canary bytes behind it; next field aligned to 128; ...
 *
 * 128 and not 64: the prefetcher of today's processors pulls cache lines in pairs, so fields that different threads
 * write would still disturb each other 64 bytes apart.
 */
const MAGIC = 0x4e485441;
const HEADER_BYTES = 128;
const FIELD_ALIGNMENT_BYTES = 128;
const CANARY_BYTES = 8;
const MAX_PARAMS = 12;
/** Fields up to this length are real in a region that is only measured: what initialises a region writes no longer ones. */
const MEASURED_ELEMENTS = 2 ** 14;
/** Columns share a buffer up to this: a buffer costs each thread that attaches it a header, an object and its transfer. */
const SHARED_BUFFER_BYTES = 2 ** 28;

const ARRAYS = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  u16: Uint16Array,
  u8: Uint8Array,
} as const;

interface ArrayTypes {
  f64: Float64Array;
  f32: Float32Array;
  i32: Int32Array;
  u32: Uint32Array;
  u16: Uint16Array;
  u8: Uint8Array;
}

export type FieldType = keyof ArrayTypes;
/** Field name to [element type, number of elements]. */
export type Fields = Readonly<Record<string, readonly [FieldType, number]>>;
export type Views<F extends Fields> = { readonly [K in keyof F]: ArrayTypes[F[K][0]] };

export interface RegionLayout<P extends string, F extends Fields> {
  readonly name: string;
  /** Raised when the fields or their meaning change. */
  readonly version: number;
  /** 'one': all fields in one buffer; 'column': large fields have buffers of their own, for regions of many gigabytes. */
  readonly buffers: 'one' | 'column';
  readonly params: readonly P[];
  fields(params: Readonly<Record<P, number>>): F;
}

/** What a thread needs to attach: can be posted to it. */
export interface RegionToken {
  readonly name: string;
  readonly params: Readonly<Record<string, number>>;
  readonly buffers: readonly SharedArrayBuffer[];
  /** Where in each buffer the region's part begins: small regions share buffers. */
  readonly starts: readonly number[];
}

export interface Region<F extends Fields> {
  readonly views: Views<F>;
  readonly token: RegionToken;
}

/** Every layout of the library, by name. */
const layouts = new Map<string, RegionLayout<string, Fields>>();

/** Gives a layout its types; the layout itself is returned. */
export function defineRegion<const P extends string, F extends Fields>(layout: RegionLayout<P, F>): RegionLayout<P, F> {
  invariant(layout.params.length <= MAX_PARAMS, `${layout.name}: too many parameters`);
  layouts.set(layout.name, layout as unknown as RegionLayout<string, Fields>);
  return layout;
}

/** Main thread. Reserves the region's buffers and writes headers and canaries. */
export function createRegion<P extends string, F extends Fields>(
  memory: Memory,
  layout: RegionLayout<P, F>,
  params: Readonly<Record<P, number>>,
): Region<F> {
  const plan = planOf(layout, params);
  const places = plan.map((buffer) => memory.place(`${layout.name}.${buffer.label}`, buffer.bytes));
  const token = {
    name: layout.name,
    params: { ...params },
    buffers: places.map((place) => place.buffer),
    starts: places.map((place) => place.start),
  };
  if (memory.measures) return { views: measuredViews<F>(plan), token };
  places.forEach(({ buffer, start }, index) => {
    writeHeader(buffer, start, layout, params, index);
    for (const field of plan[index]!.fields) writeCanary(buffer, start + field.endByte, field.endByte);
  });
  return { views: viewsOf<F>(plan, token), token };
}

/**
 * Any thread. Views of a region made by `createRegion`.
 * @throws AthanorError ATHANOR_INCOMPATIBLE_SNAPSHOT when the memory is not that region, of this version and these parameters.
 */
export function attachRegion<P extends string, F extends Fields>(
  layout: RegionLayout<P, F>,
  token: RegionToken,
): Region<F> {
  const params = token.params as Readonly<Record<P, number>>;
  const plan = planOf(layout, params);
  if (token.buffers.length !== plan.length) refuse(layout, `${token.buffers.length} buffers`, `${plan.length}`);
  token.buffers.forEach((buffer, index) => {
    checkHeader(buffer, token.starts[index]!, layout, params, index, plan[index]!.bytes);
  });
  return { views: viewsOf<F>(plan, token), token };
}

/** Names every canary of the region that was overwritten; empty when the memory is whole. */
export function brokenCanaries<P extends string, F extends Fields>(
  layout: RegionLayout<P, F>,
  token: RegionToken,
): string[] {
  const broken: string[] = [];
  planOf(layout, token.params as Readonly<Record<P, number>>).forEach((buffer, index) => {
    for (const field of buffer.fields) {
      const words = new Uint32Array(token.buffers[index]!, token.starts[index]! + field.endByte, 2);
      if (words[0] !== canaryOf(field.endByte) || words[1] !== ~canaryOf(field.endByte) >>> 0) {
        broken.push(`${layout.name}: overwritten behind field '${field.name}'`);
      }
    }
  });
  return broken;
}

/** The same of every region whose token stands anywhere in `tokens`. */
export function brokenCanariesWithin(tokens: unknown): string[] {
  if (typeof tokens !== 'object' || tokens === null) return [];
  if ('buffers' in tokens) {
    const token = tokens as RegionToken;
    return brokenCanaries(layouts.get(token.name)!, token);
  }
  return Object.values(tokens).flatMap(brokenCanariesWithin);
}

interface FieldPlan {
  name: string;
  type: FieldType;
  length: number;
  startByte: number;
  /** First byte behind the field, aligned to 8: where its canary stands. */
  endByte: number;
}
interface BufferPlan {
  label: string;
  bytes: number;
  fields: FieldPlan[];
}

function planOf<P extends string, F extends Fields>(
  layout: RegionLayout<P, F>,
  params: Readonly<Record<P, number>>,
): BufferPlan[] {
  const plan: BufferPlan[] = [];
  let open: BufferPlan | undefined;
  for (const [name, [type, length]] of Object.entries(layout.fields(params))) {
    invariant(Number.isSafeInteger(length) && length >= 0, `${layout.name}.${name}: length ${length}`);
    const bytes = length * ARRAYS[type].BYTES_PER_ELEMENT;
    if (open === undefined || (layout.buffers === 'column' && open.bytes + bytes > SHARED_BUFFER_BYTES)) {
      open = { label: layout.buffers === 'column' ? name : 'all', bytes: HEADER_BYTES, fields: [] };
      plan.push(open);
    }
    const startByte = alignUp(open.bytes, FIELD_ALIGNMENT_BYTES);
    const endByte = alignUp(startByte + bytes, 8);
    open.fields.push({ name, type, length, startByte, endByte });
    open.bytes = endByte + CANARY_BYTES;
  }
  return plan;
}

function viewsOf<F extends Fields>(plan: BufferPlan[], token: RegionToken): Views<F> {
  const views: Record<string, unknown> = {};
  plan.forEach((buffer, index) => {
    for (const field of buffer.fields) {
      views[field.name] = new ARRAYS[field.type](
        token.buffers[index]! as ArrayBufferLike as ArrayBuffer,
        token.starts[index]! + field.startByte,
        field.length,
      );
    }
  });
  return views as Views<F>;
}

/** Of a region that is only measured: small fields can be written, large ones are empty. Nobody reads them. */
function measuredViews<F extends Fields>(plan: BufferPlan[]): Views<F> {
  const views: Record<string, unknown> = {};
  for (const buffer of plan) {
    for (const { name, type, length } of buffer.fields)
      views[name] = new ARRAYS[type](length <= MEASURED_ELEMENTS ? length : 0);
  }
  return views as Views<F>;
}

function writeHeader<P extends string, F extends Fields>(
  buffer: SharedArrayBuffer,
  start: number,
  layout: RegionLayout<P, F>,
  params: Readonly<Record<P, number>>,
  index: number,
): void {
  const words = new Uint32Array(buffer, start, 5);
  words[0] = MAGIC;
  words[1] = hashOf(layout.name);
  words[2] = layout.version;
  words[3] = index;
  words[4] = layout.params.length;
  const values = new Float64Array(buffer, start + 32, MAX_PARAMS);
  layout.params.forEach((param, at) => {
    values[at] = params[param];
  });
}

function checkHeader<P extends string, F extends Fields>(
  buffer: SharedArrayBuffer,
  start: number,
  layout: RegionLayout<P, F>,
  params: Readonly<Record<P, number>>,
  index: number,
  bytes: number,
): void {
  if (buffer.byteLength - start < bytes) refuse(layout, `${buffer.byteLength - start} bytes`, `${bytes}`);
  const words = new Uint32Array(buffer, start, 5);
  const expected = [MAGIC, hashOf(layout.name), layout.version, index, layout.params.length];
  const names = ['magic', 'name', 'version', 'buffer index', 'number of parameters'];
  expected.forEach((value, at) => {
    if (words[at] !== value) refuse(layout, `${names[at]} ${words[at]}`, `${value}`);
  });
  const values = new Float64Array(buffer, start + 32, MAX_PARAMS);
  layout.params.forEach((param, at) => {
    if (values[at] !== params[param]) refuse(layout, `${param} ${values[at]}`, `${params[param]}`);
  });
}

function refuse(layout: { name: string }, found: string, expected: string): never {
  throw new AthanorError(
    'ATHANOR_INCOMPATIBLE_SNAPSHOT',
    `region '${layout.name}': found ${found}, this version of the library expects ${expected}`,
  );
}

/** `endByte` counts from the region's header, so that the word is the same wherever it stands. */
function writeCanary(buffer: SharedArrayBuffer, at: number, endByte: number): void {
  const words = new Uint32Array(buffer, at, 2);
  words[0] = canaryOf(endByte);
  words[1] = ~canaryOf(endByte) >>> 0;
}

function canaryOf(endByte: number): number {
  return (Math.imul(endByte >>> 3, 0x9e3779b1) ^ 0xc0ffee11) >>> 0;
}

function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

/** FNV-1a, 32 bits. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
