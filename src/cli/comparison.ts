/** Counts what a check compared, and names both sides of every difference. */
export class Comparison {
  /** Enough to see a pattern; the rest is counted. */
  static readonly KEPT = 10;
  compared = 0;
  differing = 0;
  readonly mismatches: string[] = [];

  equal(what: string, engine: number | string, plain: number | string): void {
    this.compared++;
    if (engine !== plain) this.#differ(what, engine, plain);
  }

  /** For distances, which two formulas round differently. */
  near(what: string, engine: number, plain: number, tolerance: number): void {
    this.compared++;
    if (!(Math.abs(engine - plain) <= tolerance)) this.#differ(what, engine, plain);
  }

  get ok(): boolean {
    return this.differing === 0;
  }

  #differ(what: string, engine: number | string, plain: number | string): void {
    this.differing++;
    if (this.mismatches.length < Comparison.KEPT) {
      this.mismatches.push(`${what}: the engine says ${engine}, plain JavaScript ${plain}`);
    }
  }
}
