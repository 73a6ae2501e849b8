const bits = new DataView(new ArrayBuffer(8));

/** Sums of 32-bit hashes: addition commutes, so the order of rows does not matter. */
export class Digest {
  readonly sums = new Uint32Array(4);
  readonly #lanes = new Uint32Array(4);

  begin(salt: number): void {
    for (let lane = 0; lane < 4; lane++) this.#lanes[lane] = Math.imul(salt + lane * 0x9e3779b9, 0x85ebca6b);
  }

  u32(value: number): void {
    for (let lane = 0; lane < 4; lane++) {
      let hash = this.#lanes[lane]! ^ Math.imul(value + lane, 0xcc9e2d51);
      hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
      this.#lanes[lane] = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
    }
  }

  f64(value: number): void {
    bits.setFloat64(0, value + 0);
    this.u32(bits.getUint32(0));
    this.u32(bits.getUint32(4));
  }

  end(): void {
    for (let lane = 0; lane < 4; lane++) {
      const hash = this.#lanes[lane]!;
      this.sums[lane]! += Math.imul(hash ^ (hash >>> 16), 0x27d4eb2f);
    }
  }
}

export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
