/** Whether the bodies that messages of MESH name are there and as long as they were. Owns that rule, for `gatehouse check`. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { meshMessageCollection, type MeshMessage } from '../spine/mesh/messages.ts';
import { blobPath, blobsName } from './store/blobs.ts';
import type { FurtherCheck } from './store/check.ts';

export function bodyCheck(dataDir: string): FurtherCheck {
  return (collection, text) => {
    if (collection !== meshMessageCollection.name) return undefined;
    const { id, environment, chunks } = JSON.parse(text) as MeshMessage; // as the store keeps it
    const lacking = chunks.filter(({ blob, size }) => {
      const path = blob === undefined ? undefined : blobPath(blob);
      if (path === undefined) return blob !== undefined;
      const found = statSync(join(dataDir, blobsName, path), { throwIfNoEntry: false });
      return found?.size !== size;
    });
    if (lacking.length === 0) return undefined;
    const which = lacking.map(({ n }) => n).join(', ');
    return `Message ${id} of MESH in ${environment}: the body of chunk ${which} is missing or cut.`;
  };
}
