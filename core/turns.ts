/** Dear work in turn: a few at a time, the rest waits, and too many are refused. Owns the waiting. */
import type { Problem } from './problem.ts';

export interface TurnOptions {
  /** Run at once. What runs on threads takes those that files need, too, and there are four. */
  readonly most: number;
  readonly mostWaiting: number;
  /** What who comes when too many wait is told. */
  readonly refusal: () => Problem;
}

/** @throws what `refusal` makes */
export function turns({
  most,
  mostWaiting,
  refusal,
}: TurnOptions): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= most) {
      if (waiting.length >= mostWaiting) throw refusal();
      await new Promise<void>((resume) => waiting.push(resume));
    } else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
