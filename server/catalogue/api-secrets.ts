/**
 * Secrets of Apis: what the gateway proves itself to back ends with, by name and environment, so that a definition can go
 * from one environment to the next without carrying any (trap: promotion copies secrets). Sealed at rest. Owns the shape.
 */
import type { CollectionOf } from '../../core/store.ts';
import type { Environment } from './environments.ts';

export interface ApiSecret {
  /** `<environment>.<api>.<name>` is its id in the collection. */
  readonly api: string;
  readonly environment: Environment;
  readonly name: string;
  /** AES-256-GCM with a key file of this installation: iv, tag and text, base64url. Never shown again. */
  readonly sealed: string;
  readonly created: number;
  readonly by: string;
}

export function apiSecretId(environment: Environment, api: string, name: string): string {
  return `${environment}.${api}.${name}`;
}

export const apiSecretCollection: CollectionOf<ApiSecret> = {
  name: 'catalogue.api-secrets',
  keys: ({ api, environment }) => ({ all: [['all']], api: [[api, environment]] }),
};
