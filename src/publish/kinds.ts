import { AthanorError } from '../base/errors.js';
import { MAX_KINDS } from '../base/limits.js';

/** Main thread. The numbers of kinds, engine-wide; 0 is ''. A kind is a label: few, and never forgotten. */
export class KindTable {
  readonly #numbers = new Map<string, number>([['', 0]]);
  readonly #names: string[] = [''];

  /** Number of a known kind, or -1. */
  find(kind: string): number {
    return this.#numbers.get(kind) ?? -1;
  }

  /** @throws AthanorError ATHANOR_CAPACITY beyond 65,536 kinds. */
  add(kind: string): number {
    if (this.#names.length >= MAX_KINDS) {
      throw new AthanorError('ATHANOR_CAPACITY', `kind: an engine holds at most ${MAX_KINDS} distinct kinds`);
    }
    this.#numbers.set(kind, this.#names.length);
    return this.#names.push(kind) - 1;
  }

  /** Takes back the newest kind. */
  dropLast(): void {
    this.#numbers.delete(this.#names.pop()!);
  }

  /** All names, by number. */
  names(): string[] {
    return [...this.#names];
  }

  nameOf(kind: number): string {
    return this.#names[kind]!;
  }
}
