/*
 * Log-linear buckets for whole numbers, as HdrHistogram has them: exact below 64, then 32 buckets an octave, so a bucket is
 * at most 1/32 (3.2 %) wide. The largest number is 2^31 - 1.
 */
const SUB_BITS = 5;
const SUB_BUCKETS = 1 << SUB_BITS;

/** Buckets that cover 0 to 2^31 - 1. */
export const BUCKETS = (31 - SUB_BITS + 1) * SUB_BUCKETS;

export function bucketOf(value: number): number {
  const whole = value < 0x7fffffff ? value | 0 : 0x7fffffff;
  if (whole < SUB_BUCKETS) return whole < 0 ? 0 : whole;
  const shift = 31 - Math.clz32(whole) - SUB_BITS;
  return (shift << SUB_BITS) + (whole >>> shift);
}

/** The largest number that falls into the bucket. */
export function bucketTop(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket;
  const shift = (bucket >>> SUB_BITS) - 1;
  const base = (bucket & (SUB_BUCKETS - 1)) + SUB_BUCKETS;
  return (base + 1) * 2 ** shift - 1;
}

/** Counts of whole numbers; one thread. */
export class Histogram {
  readonly counts: Float64Array = new Float64Array(BUCKETS);
  total = 0;
  sum = 0;
  max = 0;

  record(value: number, times = 1): void {
    this.counts[bucketOf(value)]! += times;
    this.total += times;
    this.sum += value * times;
    if (value > this.max) this.max = value;
  }

  get mean(): number {
    return this.total === 0 ? 0 : this.sum / this.total;
  }

  /** The least recorded number (to 3.2 %) that `share` of all numbers do not exceed; 0 when nothing was recorded. */
  quantile(share: number): number {
    if (this.total === 0) return 0;
    const rank = Math.max(1, Math.ceil(share * this.total));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.counts[bucket]!;
      if (seen >= rank) return Math.min(bucketTop(bucket), this.max);
    }
    return this.max;
  }
}
