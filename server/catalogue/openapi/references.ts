/** References that lead out of a document. They are never fetched: an address in a producer's file would choose whom we call. */
import { below, type JsonObject } from './document.ts';

export interface RemoteReference {
  readonly pointer: string;
  readonly reference: string;
  /** The object that holds it. */
  readonly nearest: object;
}

/** How to deploy is told to us and is never published: what it refers to is no part of the document. */
const deployment = new Set(['x-gatehouse', 'x-nhsd-apim']);

/** Every `$ref` and `externalValue` that names another file or an address. */
export function remoteReferences(document: JsonObject): readonly RemoteReference[] {
  const found: RemoteReference[] = [];
  const walk = (value: unknown, pointer: string): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, one] of Object.entries(value)) {
      const leads = name === 'externalValue' || (name === '$ref' && !String(one).startsWith('#'));
      if (leads && typeof one === 'string')
        found.push({ pointer: below(pointer, name), reference: one, nearest: value });
      else if (pointer !== '' || !deployment.has(name)) walk(one, below(pointer, name));
    }
  };
  walk(document, '');
  return found;
}
