/**
 * Apis: published interfaces, each with an owner and, once there is one, an OpenAPI document. What runs where is a Proxy.
 * Owns the shapes and the collections; who may change them is administration's.
 */
import type { CollectionOf } from '../../core/store.ts';

/** What callers speak; it decides how refusals are rendered unless the Proxy says otherwise. */
export type Technology = 'fhir' | 'rest' | 'soap' | 'oauth';

/** How far an Api has come (R132). */
export type ApiStatus = 'alpha' | 'beta' | 'live' | 'deprecated' | 'retired';

export interface Api {
  /** Its name in addresses and commands: 1 to 64 lower-case letters, digits, hyphens. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** ODS code of the organisation that answers for it. */
  readonly owner: string;
  /** Whom to write to: an e-mail address or an https address. */
  readonly contact: string;
  readonly technology: Technology;
  /** Whether each call is in the audit, on disk, before its answer. Once true it stays true (R068). */
  readonly sensitive: boolean;
  readonly status: ApiStatus;
  /** The published OpenAPI document: an id of `specificationCollection`; absent until one is published. */
  readonly specification?: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

/** An OpenAPI document as JSON; its id is made of that text (specification-id.ts), so it never changes. */
export interface Specification {
  /** The Api it came with, for listing. */
  readonly api: string;
  readonly created: number;
  readonly text: string;
}

export const apiCollection: CollectionOf<Api> = {
  name: 'catalogue.apis',
  keys: ({ owner }) => ({ all: [['all']], owner: [[owner]] }),
};

export const specificationCollection: CollectionOf<Specification> = {
  name: 'catalogue.specifications',
  keys: ({ api }) => ({ api: [[api]] }),
};
