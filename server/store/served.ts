/**
 * What the platform asks of the store it runs on, beside the port: how it was found, whether it still writes, and loading
 * in bulk. The embedded store, a worker's view of it and MongoDB are all one of these.
 */
import type { CollectionOf, Store } from '../../core/store.ts';
import type { BulkOptions } from './bulk.ts';
import type { Opening } from './recovery.ts';

export interface ServedStore extends Store {
  /** What was found at opening. */
  readonly opening: Opening;
  /** Whether a failed write has stopped all writing until the next start; reads go on. */
  readonly stopped: boolean;
  /**
   * Puts many documents into the base whatever is there, without telling changes; gives how many.
   * New ones are found by key once all are loaded. A kill loses at most what `mark` does not cover.
   */
  bulk<T>(
    definition: CollectionOf<T>,
    records: Iterable<{ id: string; value: T }> | AsyncIterable<{ id: string; value: T }>,
    options?: BulkOptions,
  ): Promise<number>;
  /** A mark as it was last set; it tells a long job where to go on. */
  mark(name: string): Promise<string | undefined>;
  /** Sets a mark, or clears it with undefined. */
  setMark(name: string, value: string | undefined): Promise<void>;
  /** Does this work while no other machine does work of the same name; at once where there is only one. */
  alone<T>(name: string, work: () => Promise<T>): Promise<T>;
}
