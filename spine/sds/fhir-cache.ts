/**
 * Answers of SDS FHIR kept for a while as bytes, so that a question asked again costs a look-up in a table. Owns what is kept
 * and how long; who asks names what the answer rests on. All is dropped when the directory changes.
 */

export interface AnswerCache {
  /**
   * The kept answer, or the one that `make` gives, which is then kept.
   * @param fresh whether one that is kept is passed over
   */
  get(key: string, fresh: boolean, make: () => Promise<Buffer>): Promise<Answer>;
  drop(): void;
}

export interface Answer {
  readonly body: Buffer;
  /** Whole seconds since it was made. */
  readonly age: number;
}

export interface AnswerCacheOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds; 30 minutes, as the national service keeps them. */
  readonly lifetime?: number;
  /** Bytes of answers and keys that are kept at most; default 16 MiB. */
  readonly most?: number;
}

const usualLifetime = 30 * 60_000;
const usualMost = 16 * 1024 * 1024;

export function createAnswerCache(options: AnswerCacheOptions): AnswerCache {
  const { now, lifetime = usualLifetime, most = usualMost } = options;
  const kept = new Map<string, { readonly body: Buffer; readonly made: number }>();
  let bytes = 0;
  /** Rises with each drop: what was asked before a change is not kept after it. */
  let generation = 0;
  const remove = (key: string) => {
    const one = kept.get(key);
    if (!one || !kept.delete(key)) return;
    bytes -= sizeOf(key, one.body);
  };
  const keep = (key: string, body: Buffer, made: number) => {
    remove(key);
    if (sizeOf(key, body) > most / 16) return;
    kept.set(key, { body, made });
    bytes += sizeOf(key, body);
    for (const oldest of kept.keys()) {
      if (bytes <= most) break;
      remove(oldest);
    }
  };
  return {
    async get(key, fresh, make) {
      const found = fresh ? undefined : kept.get(key);
      const age = found ? now() - found.made : 0;
      if (found && age < lifetime)
        return { body: found.body, age: Math.max(0, Math.floor(age / 1000)) };
      const asked = generation;
      const made = now();
      const body = await make();
      if (asked === generation) keep(key, body, made);
      return { body, age: 0 };
    },
    drop() {
      generation++;
      kept.clear();
      bytes = 0;
    },
  };
}

/** A character of a key takes two bytes at most; what the table itself costs is the constant. */
function sizeOf(key: string, body: Buffer): number {
  return body.length + key.length * 2 + 200;
}
