import { types } from 'node:util';
import { show } from '../base/errors.js';

/* What class a user's value is of, asked without calling code of the user's, and where it stands. */

export const prototypeOf = Object.getPrototypeOf;
/** The name of a typed array's type, whatever its class or realm. */
const typedArrayName = Object.getOwnPropertyDescriptor(prototypeOf(Uint8Array.prototype), Symbol.toStringTag)!.get!;

/** How many prototypes it has. A class instance has more than what the class extends. */
export function prototypesOf(value: object): number {
  let count = 0;
  for (let at = prototypeOf(value); at !== null && count < 8; at = prototypeOf(at)) count++;
  return count;
}

/** `Object.prototype`, of this realm or another. */
export function isObjectPrototype(prototype: object): boolean {
  return (
    prototype === Object.prototype ||
    (prototypeOf(prototype) === null &&
      Object.hasOwn(prototype, 'hasOwnProperty') &&
      Object.hasOwn(prototype, 'valueOf'))
  );
}

/** The name of a value's class, from data properties only: no code of the user's is called. */
export function className(value: object): string {
  for (let at = prototypeOf(value); at !== null; at = prototypeOf(at)) {
    const made: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
    if (typeof made !== 'function') continue;
    const name: unknown = Object.getOwnPropertyDescriptor(made, 'name')?.value;
    if (typeof name === 'string' && name !== '') return `an instance of ${name.slice(0, 60)}`;
  }
  return 'an object with a prototype of its own';
}

/** Which binary data it is, by the name of its built-in class. */
export function bufferName(value: ArrayBufferView | ArrayBuffer): string {
  if (prototypeOf(value) === Buffer.prototype) return 'Buffer';
  if (types.isArrayBuffer(value)) return 'ArrayBuffer';
  return types.isDataView(value) ? 'DataView' : (typedArrayName.call(value) as string);
}

/** Where a value stands: `data.a[3].b`, cut in the middle where it is long. */
export function pathOf(field: string, keys: ReadonlyArray<string | number>, depth: number): string {
  let path = field;
  for (let level = 0; level < depth; level++) {
    const key = keys[level]!;
    const isWord = typeof key === 'string' && /^[A-Za-z_$][\w$]{0,40}$/.test(key);
    path += isWord ? `.${key}` : `[${show(key)}]`;
  }
  return path.length > 200 ? `${path.slice(0, 120)}…${path.slice(-70)}` : path;
}
