/** Where below its base a back end is called: what the caller sent, appended as it is. */
import type { Exchange } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';

/**
 * Path and query for the request line.
 * @throws Problem `invalid` for a path that climbs: it would leave the base that was opened, or look as if it did.
 */
export function targetPath(base: string, { path, rawQuery }: Exchange): string {
  if (climbs(path)) throw new Problem('invalid', 'The path may not have . or .. as a segment');
  const whole = path === '' && base === '' ? '/' : `${base}${path}`;
  return rawQuery === '' ? whole : `${whole}?${rawQuery}`;
}

/** Any of them a back end may decode before it looks at the path: `%2e` a dot, `%2f` and `%5c` a slash. */
function climbs(path: string): boolean {
  if (!path.includes('.') && !path.includes('%2')) return false;
  return path
    .replace(/%2e/gi, '.')
    .split(/[/\\]|%2f|%5c/i)
    .some((segment) => segment === '.' || segment === '..' || segment.startsWith('..;'));
}
