/**
 * Absolute addresses of environments. PUBLIC_URL is their only source; which of an environment's names a caller used is
 * taken over, for a sign-in must come back to where its cookie is.
 */
import type { Addressed } from '../core/exchange.ts';
import { namesOf, publicName, type Environment } from './catalogue/environments.ts';

export interface Addresses {
  /** The address to print and recommend. */
  of(environment: Environment, path: string): string;
  /** The same place as a caller addressed it. */
  as(addressed: Addressed, path: string): string;
  /** Every address that leads to a path of an environment; the recommended one first. */
  all(environment: Environment, path: string): readonly string[];
  /** The address that names no environment. */
  readonly root: string;
}

/** @param standard the environment of an address that names none. */
export function createAddresses(publicUrl: () => string, standard: Environment): Addresses {
  const as = ({ host, path: prefix }: Addressed, path: string) => {
    const root = publicUrl();
    return `${host === '' ? root : root.replace('://', `://${host}`)}${prefix}${path}`;
  };
  const of = (environment: Environment, path: string) =>
    environment === standard
      ? `${publicUrl()}${path}`
      : `${publicUrl()}/env/${publicName(environment)}${path}`;
  const all = (environment: Environment, path: string) => [
    ...new Set([
      of(environment, path),
      ...namesOf(environment).flatMap((name) => [
        as({ host: '', path: `/env/${name}` }, path),
        as({ host: `${name}.`, path: '' }, path),
      ]),
    ]),
  ];
  const known = new Map<string, readonly string[]>();
  let root = '';
  return {
    as,
    of,
    all(environment, path) {
      // Asked for with each token; the public address changes once, when a free port was taken.
      if (root !== publicUrl()) {
        root = publicUrl();
        known.clear();
      }
      const key = `${environment} ${path}`;
      let found = known.get(key);
      if (!found) known.set(key, (found = all(environment, path)));
      return found;
    },
    get root() {
      return publicUrl();
    },
  };
}
