/** When the end of a chain is signed: every so many entries, every minute, and when asked. How is heads.ts. */
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { HeadWriter } from './heads.ts';
import type { Place } from './scan.ts';

const interval = 60_000;

/** Keeps the second place up to date. A failure there is told and does not stop the audit. */
export class HeadKeeper {
  readonly #writer: HeadWriter;
  readonly #every: number;
  readonly #clock: Clock;
  readonly #log: Log | undefined;
  readonly #synced: () => Place;
  readonly #timer: NodeJS.Timeout;
  #signed = 0;
  #tried = 0;
  #signing: Promise<void> | undefined;

  /** `synced` gives the last entry on disk: only that may be signed. */
  constructor(
    writer: HeadWriter,
    every: number,
    clock: Clock,
    log: Log | undefined,
    synced: () => Place,
  ) {
    this.#writer = writer;
    this.#every = every;
    this.#clock = clock;
    this.#log = log;
    this.#synced = synced;
    this.#timer = setInterval(() => void this.sign(), interval).unref();
  }

  /** Signs if enough entries came since the last attempt. */
  signIfDue(): void {
    if (this.#synced().seq - this.#tried >= this.#every) void this.sign();
  }

  /** Signs the end now, if it is not signed yet; while one is being written, waits for that. Never rejects. */
  sign(): Promise<void> {
    this.#signing ??= this.#sign().finally(() => {
      this.#signing = undefined;
    });
    return this.#signing;
  }

  async #sign(): Promise<void> {
    const place = this.#synced();
    // Counted before it succeeds: a second place that is away costs one attempt in 1,000 entries, not one each.
    this.#tried = place.seq;
    if (place.seq === this.#signed) return;
    try {
      await this.#writer.write(place, this.#clock.now());
      this.#signed = place.seq;
    } catch (error) {
      this.#log?.log('error', 'The head of the audit cannot be written to its second place', {
        cause: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** Signs the end and closes the file. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#signing;
    await this.sign();
    await this.#writer.close();
  }
}
