/** The entries of one revocation list, with a print of what is in it that does not depend on the order. */
import { hash } from 'node:crypto';

/** Entries by serial number. Adding one that is there in the same form changes nothing. */
export class EntrySet {
  readonly #entries = new Map<string, Buffer>();
  /** All hashes of entries, exclusive-or: 32 bytes. */
  readonly #print = Buffer.alloc(32);

  get size(): number {
    return this.#entries.size;
  }

  set(serial: string, entry: Buffer): void {
    const before = this.#entries.get(serial);
    if (before?.equals(entry) === true) return;
    this.delete(serial);
    this.#entries.set(serial, entry);
    this.#mix(entry);
  }

  delete(serial: string): void {
    const entry = this.#entries.get(serial);
    if (!entry) return;
    this.#entries.delete(serial);
    this.#mix(entry);
  }

  all(): Buffer[] {
    return [...this.#entries.values()];
  }

  /** Two sets with the same print hold the same entries. */
  print(): string {
    return `${this.#entries.size}:${this.#print.toString('base64url')}`;
  }

  #mix(entry: Buffer): void {
    const digest = hash('sha256', entry, 'buffer');
    for (let at = 0; at < digest.length; at++)
      this.#print[at] = (this.#print[at] ?? 0) ^ (digest[at] ?? 0);
  }
}
