/**
 * Answers of the directory that are kept for a while. Owns how long, how many, and that none outlives a change of the
 * directory: one that was being asked for meanwhile is given to who waits for it, and not kept.
 */
import type { LookUpTerms } from './gateway/directory-routes.ts';

export interface Kept<T> {
  /** The answer to a key, of before or anew. What `ask` rejects with, or finds nothing for, is not kept. */
  get(key: string, terms: LookUpTerms, ask: () => Promise<T>): Promise<T>;
  drop(): void;
}

/** Each a few hundred bytes. */
const most = 10_000;

/** @param now milliseconds since the epoch */
export function createKept<T>(now: () => number): Kept<T> {
  const answers = new Map<string, { readonly at: number; readonly value: T }>();
  const asking = new Map<string, Promise<T>>();
  let generation = 0;
  const askAnew = (key: string, ask: () => Promise<T>): Promise<T> => {
    const asked = generation;
    const at = now();
    const answer = ask()
      .then((value) => {
        if (generation === asked && value !== undefined) keep(answers, key, { at, value });
        return value;
      })
      .finally(() => {
        if (asking.get(key) === answer) asking.delete(key);
      });
    asking.set(key, answer);
    return answer;
  };
  return {
    get(key, { kept, fresh }, ask) {
      if (fresh) return askAnew(key, ask);
      const known = answers.get(key);
      if (known && now() - known.at < kept * 1000) return Promise.resolve(known.value);
      return asking.get(key) ?? askAnew(key, ask);
    },
    drop() {
      generation++;
      answers.clear();
      asking.clear();
    },
  };
}

function keep<T>(answers: Map<string, T>, key: string, answer: T): void {
  answers.delete(key);
  answers.set(key, answer);
  if (answers.size <= most) return;
  const [oldest] = answers.keys();
  if (oldest !== undefined) answers.delete(oldest);
}
