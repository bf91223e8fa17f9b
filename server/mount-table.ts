/**
 * Which API answers an address: by environment, then by the longest base path. One look-up for each segment of the
 * deepest base, however many APIs there are. Owns the table; what is in it is platform.ts's and the gateway's.
 */
import type { Handler, Reply } from '../core/exchange.ts';

/** An API as it is served in one environment. */
export interface Mount {
  readonly environment: string;
  /** Without a trailing slash: `/personal-demographics/FHIR/R4`. */
  readonly base: string;
  /** The name the access line gives it. */
  readonly api: string;
  readonly handler: Handler;
  /** What the next call is turned away with, unread, while more come than can be answered; undefined: it is handled. */
  readonly turnAway?: () => Reply | undefined;
}

export class MountTable {
  readonly #environments = new Map<string, Map<string, Mount>>();
  /** Segments of the deepest base. */
  #depth = 0;

  constructor(mounts: readonly Mount[] = []) {
    for (const mount of mounts) this.set(mount);
  }

  /** Puts a mount in its place; one of the same environment and base gives way to it. */
  set(mount: Mount): void {
    let bases = this.#environments.get(mount.environment);
    if (!bases) this.#environments.set(mount.environment, (bases = new Map<string, Mount>()));
    bases.set(mount.base, mount);
    this.#depth = Math.max(this.#depth, segmentsOf(mount.base));
  }

  /** Takes it out, unless another has taken its place. */
  remove(mount: Mount): void {
    const bases = this.#environments.get(mount.environment);
    if (bases?.get(mount.base) === mount) bases.delete(mount.base);
  }

  /** The mount with the longest base that the path lies below; undefined when no API claims it. */
  find(environment: string, path: string): Mount | undefined {
    const bases = this.#environments.get(environment);
    if (!bases) return undefined;
    let end = endOfSegments(path, this.#depth);
    while (end > 0) {
      const mount = bases.get(end === path.length ? path : path.slice(0, end));
      if (mount) return mount;
      end = path.lastIndexOf('/', end - 1);
    }
    return undefined;
  }

  /** All bases of an environment. */
  bases(environment: string): readonly string[] {
    return [...(this.#environments.get(environment)?.keys() ?? [])];
  }
}

function segmentsOf(base: string): number {
  return base.split('/').length - 1;
}

/** Where the first `count` segments of a path end. */
function endOfSegments(path: string, count: number): number {
  let at = 0;
  for (let i = 0; i < count; i++) {
    const next = path.indexOf('/', at + 1);
    if (next < 0) return path.length;
    at = next;
  }
  return at;
}
