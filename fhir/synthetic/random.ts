/**
 * Repeatable chance: the same seed and labels give the same draws on every machine.
 * Integers of 32 bits and plain multiplication only; no Math.random, no clock, nothing that depends on a locale.
 */

/** A source of draws. It has a state, so one is made for each household or person and never shared. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** `labels` name what is drawn for: the seed, the kind of thing, its number. */
  constructor(...labels: readonly number[]) {
    let hash = 0x9e3779b9;
    for (const label of labels) {
      hash = mix(hash ^ (label >>> 0));
      hash = mix(hash ^ Math.floor(label / 0x1_0000_0000));
    }
    this.#a = hash;
    this.#b = mix(hash ^ 0x85ebca6b);
    this.#c = mix(hash ^ 0xc2b2ae35);
    for (let i = 0; i < 6; i++) this.bits();
  }

  /** 32 random bits as a number from 0 to 2^32 - 1 (sfc32, public domain). */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** A whole number from 0 to `end` - 1. */
  below(end: number): number {
    return Math.floor((this.bits() / 0x1_0000_0000) * end);
  }

  /** A whole number between both, ends included. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  /** True this often: 0.02 is once in fifty. */
  chance(share: number): boolean {
    return this.bits() < share * 0x1_0000_0000;
  }

  /** One of the list, which must not be empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T; // in range, as the list is not empty
  }

  /** One of a weighted list. */
  draw<T>(list: Weighted<T>): T {
    const at = this.below(list.total);
    let low = 0;
    let high = list.ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((list.ends[middle] ?? 0) > at) high = middle;
      else low = middle + 1;
    }
    return list.items[low] as T; // in range, as `weighted` refuses an empty list
  }
}

/** Things to draw from, each as likely as its weight. */
export interface Weighted<T> {
  readonly items: readonly T[];
  /** Running totals of the weights. */
  readonly ends: readonly number[];
  readonly total: number;
}

/** Makes a weighted list. Weights are rounded to hundredths, so that totals are whole numbers on every machine. */
export function weighted<T>(entries: readonly (readonly [T, number])[]): Weighted<T> {
  let total = 0;
  const kept = entries.filter(([, weight]) => weight > 0);
  const ends = kept.map(([, weight]) => (total += Math.max(1, Math.round(weight * 100))));
  if (total === 0) throw new Error('nothing to draw from');
  return { items: kept.map(([item]) => item), ends, total };
}

function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
