/**
 * Which writes were made lately, so that a caller who repeats one is not told that it comes too late. In this process only: over
 * several, the message's own id has to do.
 */

const rememberFor = 10 * 60_000;
const most = 2_000;

interface Written {
  readonly digest: string;
  readonly nhsNumber: string;
  readonly at: number;
}

export class RecentWrites {
  readonly #now: () => number;
  readonly #writes = new Map<string, Written>();

  /** @param now milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  has(key: string, digest: string): boolean {
    return this.get(key, digest) !== undefined;
  }

  /** The number that the write was about. */
  get(key: string, digest: string): string | undefined {
    const held = this.#writes.get(key);
    const fresh = held?.digest === digest && this.#now() - held.at < rememberFor;
    return fresh ? held.nhsNumber : undefined;
  }

  add(key: string, digest: string, nhsNumber: string): void {
    this.#writes.delete(key);
    this.#writes.set(key, { digest, nhsNumber, at: this.#now() });
    for (const oldest of this.#writes.keys()) {
      if (this.#writes.size <= most) return;
      this.#writes.delete(oldest);
    }
  }
}
