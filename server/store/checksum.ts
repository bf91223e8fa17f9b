/** The checksum kept beside each document, because SQLite does not notice altered bytes (docs/decisions/0004). */
import { crc32 } from 'node:zlib';

/** CRC-32 over all of a document that a reader relies on, as UTF-8. */
export function checksum(
  id: string,
  version: number,
  commit: number,
  removed: boolean,
  text: string,
): number {
  return crc32(text, crc32(`${id} ${version} ${commit} ${removed ? 1 : 0} `));
}
