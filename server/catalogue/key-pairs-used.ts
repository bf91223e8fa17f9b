/**
 * When each subscription key was last used and from where, so that the unused one of a pair is the one to renew. In memory
 * of this process only: a write for each call would cost more than the call.
 */

export interface KeyUse {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The caller's address. */
  readonly address: string;
}

export interface KeyUses {
  /** Notes a use of the key kept under a hash. */
  note(hash: string, at: number, address: string): void;
  /** Its last use; undefined when this process has seen none. */
  of(hash: string): KeyUse | undefined;
}

/** The uses that the gateway over a catalogue has seen: whoever is given the same catalogue sees the same. */
export function keyUsesOf(catalogue: object): KeyUses {
  let uses = known.get(catalogue);
  if (!uses) known.set(catalogue, (uses = createKeyUses()));
  return uses;
}

const known = new WeakMap<object, KeyUses>();
const mostNoted = 100_000;

/** A note of uses, empty. */
export function createKeyUses(): KeyUses {
  const uses = new Map<string, { at: number; address: string }>();
  return {
    note(hash, at, address) {
      const use = uses.get(hash);
      if (use) {
        use.at = at;
        use.address = address;
        return;
      }
      if (uses.size >= mostNoted) uses.clear();
      uses.set(hash, { at, address });
    },
    of: (hash) => uses.get(hash),
  };
}
