/**
 * The port for long bodies: bytes in and out as streams, beside the documents that name them. Built in server/store/; every
 * implementation passes blobs.conformance.ts. Bytes are on disk before a document may name them, so a kill in between leaves
 * bytes that nobody names, never a name without bytes.
 */
import type { Readable } from 'node:stream';

/** What was kept. */
export interface Blob {
  /** The store's own name for it, new each time: letters, digits and hyphens. */
  readonly id: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of the bytes, lower-case hex. */
  readonly digest: string;
}

export interface PutBlob {
  /** More bytes than this throw Problem `too-large`; nothing is kept then. */
  readonly limit?: number;
}

/** Both ends included, as in an HTTP range. */
export interface BlobRange {
  readonly start: number;
  readonly end: number;
}

export interface Blobs {
  /** Keeps all that comes; on disk when it resolves. What the source throws is thrown, and nothing is kept. */
  put(source: AsyncIterable<Uint8Array>, options?: PutBlob): Promise<Blob>;
  /** The bytes as they are asked for. Destroying the stream frees what it holds. @throws Problem `not-found` */
  read(id: string, range?: BlobRange): Promise<Readable>;
  /** Removes; what is not there is no error. */
  remove(ids: readonly string[]): Promise<void>;
  /**
   * Removes what nobody names: everything kept before this time of which `isNamed` says no. What is being kept just now is
   * younger than any sensible time. @param before milliseconds since the epoch @returns how many
   */
  sweep(before: number, isNamed: (id: string) => Promise<boolean>): Promise<number>;
  /** Bytes that are free; undefined where nobody can tell. */
  free(): Promise<number | undefined>;
}

/** Whether a text has the form of the ids that are given: anything else names nothing. */
export function isBlobId(id: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id);
}
