import { encode } from '@msgpack/msgpack';
import { ByteBuffer } from 'flatbuffers';
import { describe, expect, test } from 'vitest';
import { FrameFormat, FrameView, Presence, skipScalar } from '../../dist/src/schema/frame.js';
import { Frame } from '../../dist/src/schema/generated/frame_generated.js';

const COLUMNS = ['type', 'presence', 'graph', 'row', 'other', 'kind', 'x', 'y', 'z', 'w', 'time'] as const;
const ALL_COLUMNS = [...COLUMNS, 'sequenceDelta', 'payloadOffset', 'payload'] as const;

function slots(format: FrameFormat, count: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(count * format.slotBytes));
}

function slotOf(bytes: Uint8Array, format: FrameFormat, slot: number): FrameView {
  return new FrameView(bytes.subarray(slot * format.slotBytes, (slot + 1) * format.slotBytes));
}

describe('FrameFormat', () => {
  test.each([
    [1, 0],
    [1, 1],
    [7, 13],
    [512, 70_000],
    [65_535, 5],
  ])(
    '%i events and %i bytes of payload: every column is aligned, and at full capacity',
    (frameEvents, payloadBytes) => {
      const format = new FrameFormat(frameEvents, payloadBytes);
      const bytes = slots(format, 2);
      format.stamp(bytes, format.slotBytes);
      expect(FrameFormat.isStamped(bytes, 0)).toBe(false);
      expect(FrameFormat.isStamped(bytes, format.slotBytes)).toBe(true);
      const view = slotOf(bytes, format, 1);
      for (const column of ALL_COLUMNS) {
        expect(view[column].length, column).toBe(column === 'payload' ? payloadBytes : frameEvents);
        expect(view[column].buffer, column).toBe(bytes.buffer);
        expect(view[column].byteOffset % view[column].BYTES_PER_ELEMENT, column).toBe(0);
        expect(view[column].every((value) => value === 0)).toBe(true);
      }
      expect(format.slotBytes % 128).toBe(0);
    },
  );

  test('columns do not overlap each other, the header or the next slot', () => {
    const format = new FrameFormat(9, 11);
    const bytes = slots(format, 2);
    format.stamp(bytes, 0);
    format.stamp(bytes, format.slotBytes);
    const view = slotOf(bytes, format, 0);
    const other = bytes.slice(format.slotBytes);
    view.firstSequence = 2 ** 53 - 1;
    view.shard = 0xffffffff;
    view.count = 9;
    view.payloadBytes = 11;
    view.openedAtMs = 1.5;
    view.sealedAtMs = 2.25;
    ALL_COLUMNS.forEach((column, i) => {
      view[column].fill(i + 1);
    });
    ALL_COLUMNS.forEach((column, i) => {
      expect(
        view[column].every((value) => value === i + 1),
        column,
      ).toBe(true);
    });
    expect(view.firstSequence).toBe(2 ** 53 - 1);
    expect(view.shard).toBe(0xffffffff);
    expect([view.count, view.payloadBytes, view.openedAtMs, view.sealedAtMs]).toEqual([9, 11, 1.5, 2.25]);
    expect(bytes.slice(format.slotBytes)).toEqual(other);
  });

  test('a slot is a FlatBuffer that the generated code alone can read', () => {
    const format = new FrameFormat(4, 8);
    const bytes = slots(format, 1);
    format.stamp(bytes, 0);
    const view = slotOf(bytes, format, 0);
    view.count = 2;
    view.firstSequence = 77;
    view.row[1] = 12;
    view.x[1] = -0.5;
    view.presence[1] = Presence.x;
    const frame = Frame.getRootAsFrame(new ByteBuffer(bytes.slice()));
    expect([frame.count(), frame.firstSequence(), frame.row(1), frame.x(1), frame.presence(1)]).toEqual([
      2,
      77,
      12,
      -0.5,
      Presence.x,
    ]);
    expect(frame.xLength()).toBe(4);
  });

  test('a frame that does not begin on 8 bytes is refused', () => {
    const format = new FrameFormat(4, 8);
    const bytes = new Uint8Array(new SharedArrayBuffer(format.slotBytes + 8));
    format.stamp(bytes, 4);
    expect(() => new FrameView(bytes.subarray(4))).toThrow('aligned');
  });
});

describe('payload', () => {
  const scalars: unknown[] = [
    '',
    'a',
    'x'.repeat(31),
    'x'.repeat(32),
    'x'.repeat(255),
    'x'.repeat(256),
    'é'.repeat(512),
  ];
  scalars.push(0, 127, 128, 255, 256, 65_535, 65_536, 0xffffffff, 2 ** 32, Number.MAX_SAFE_INTEGER);
  scalars.push(-1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1, Number.MIN_SAFE_INTEGER, 1.5);

  test('skipScalar stands behind every id and kind', () => {
    for (const scalar of scalars) {
      const bytes = encode(scalar);
      const padded = new Uint8Array(bytes.length + 8);
      padded.set(bytes, 3);
      expect(skipScalar(padded, 3), String(scalar).slice(0, 20)).toBe(3 + bytes.length);
    }
  });

  test('what is no id or kind is our own mistake', () => {
    for (const value of [null, true, [1], { a: 1 }]) expect(() => skipScalar(encode(value), 0)).toThrow('invariant');
  });

  test('data stands behind what is declared, and ends where the next payload begins', () => {
    const format = new FrameFormat(4, 4096);
    const bytes = slots(format, 1);
    format.stamp(bytes, 0);
    const view = slotOf(bytes, format, 0);
    const parts = {
      kind: encode('k'),
      row: encode('x'.repeat(300)),
      other: encode(2 ** 40),
      data: encode({ a: [1, 2] }),
    };
    const events: Array<{ bits: number; parts: Uint8Array[] }> = [
      { bits: Presence.data, parts: [parts.data] },
      { bits: 0, parts: [] },
      {
        bits: Presence.kindDeclared | Presence.rowDeclared | Presence.otherDeclared | Presence.data,
        parts: [parts.kind, parts.row, parts.other, parts.data],
      },
      { bits: Presence.rowDeclared | Presence.data, parts: [parts.row, parts.data] },
    ];
    let at = 0;
    events.forEach((event, i) => {
      view.presence[i] = event.bits;
      if (event.parts.length === 0) return;
      view.payloadOffset[i] = at;
      for (const part of event.parts) {
        view.payload.set(part, at);
        at += part.length;
      }
      if (i + 1 < 4) view.payloadOffset[i + 1] = at;
    });
    view.payloadBytes = at;
    for (const [i, event] of events.entries()) {
      if ((event.bits & Presence.data) === 0) continue;
      expect(view.payload.slice(view.dataStart(i), view.payloadEnd(i)), `event ${i}`).toEqual(parts.data);
    }
  });
});
