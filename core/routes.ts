/** An API as a table: what it offers is the first thing one sees in its api.ts. */
import type { Exchange, Handler, Reply } from './exchange.ts';
import { Problem } from './problem.ts';

/** 'GET /Patient/:id' to the handler that answers it. */
export type Routes = Readonly<Record<string, Handler>>;

interface Route {
  readonly key: string;
  readonly method: string;
  readonly parts: readonly string[];
  readonly handler: Handler;
}

/** What a table answers where it has no route: by default 404 and 405 Problems. */
export interface Otherwise {
  notFound?: Handler;
  notAllowed?: (exchange: Exchange, allowed: readonly string[]) => Promise<Reply>;
}

/**
 * Builds the handler of a table. Segments are compared one by one, so a hostile path costs no backtracking.
 * A parameter is decoded; one that is not valid percent-encoded UTF-8 is handed on as sent.
 */
export function routes(table: Routes, otherwise: Otherwise = {}): Handler {
  const entries: Route[] = Object.entries(table).map(([key, handler]) => {
    const [method = '', pattern = ''] = key.split(' ');
    return { key, method, parts: pattern.split('/').slice(1), handler };
  });
  const notFound =
    otherwise.notFound ?? (() => Promise.reject(new Problem('not-found', 'Nothing at this path')));
  const notAllowed =
    otherwise.notAllowed ??
    ((exchange, allowed) =>
      Promise.reject(
        new Problem('method-not-allowed', `${exchange.method} is not allowed here`, {
          headers: { allow: allowed.join(', ') },
        }),
      ));

  return (exchange) => {
    const segments = exchange.path.split('/').slice(1);
    let allowed: string[] | undefined;
    for (const route of entries) {
      const params = match(route.parts, segments);
      if (!params) continue;
      if (route.method !== (exchange.method === 'HEAD' ? 'GET' : exchange.method)) {
        (allowed ??= []).push(route.method);
        continue;
      }
      exchange.facts.route = route.key;
      return route.handler(exchange.with({ params }));
    }
    return allowed ? notAllowed(exchange, allowed) : notFound(exchange);
  };
}

function match(
  parts: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (parts.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? '';
    const segment = segments[i] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decode(segment);
    else if (part !== segment) return undefined;
  }
  return params;
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
