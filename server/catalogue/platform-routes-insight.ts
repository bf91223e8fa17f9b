/** The routes that tell how the platform is: environments, policies, limits, status, usage. */
import type { Exchange } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { Administration } from './administration.ts';
import { environmentOf, idText, json, type Act } from './api-call.ts';
import { environmentRoles } from './deployment-environments.ts';
import type { Environment } from './environments.ts';

export function insightActs({ insight }: Administration): Readonly<Record<string, Act>> {
  return {
    'GET /environments': () => Promise.resolve(json(200, { items: environmentRoles })),
    'GET /policies': () => Promise.resolve(json(200, { items: insight.policies() })),
    'GET /limits': async (actor, x) => {
      const query = {
        app: needed(x, 'app'),
        api: needed(x, 'api'),
        environment: environmentOf(needed(x, 'environment'), 'invalid'),
        ...given(x, 'name'),
        ...given(x, 'product'),
      };
      return json(200, await insight.limits(actor, query));
    },
    'GET /status': async (actor, x) =>
      json(200, await insight.status(actor, { ...given(x, 'api'), ...environmentIn(x) })),
    'GET /usage': async (actor, x) => {
      const query = {
        ...given(x, 'app'),
        ...given(x, 'product'),
        ...given(x, 'api'),
        ...operationIn(x),
        ...environmentIn(x),
        ...time(x, 'from'),
        ...time(x, 'to'),
      };
      return json(200, await insight.usage(actor, query));
    },
  };
}

function needed({ query }: Exchange, name: string): string {
  const value = query.get(name);
  if (value !== null) return idText(value);
  throw new Problem('invalid', `The query must name ${name}`);
}

function given<N extends string>({ query }: Exchange, name: N): Partial<Record<N, string>> {
  const value = query.get(name);
  // a member of the one name that was asked for
  return value === null ? {} : ({ [name]: idText(value) } as Partial<Record<N, string>>);
}

function environmentIn({ query }: Exchange): { environment?: Environment } {
  const name = query.get('environment');
  return name === null ? {} : { environment: environmentOf(name, 'invalid') };
}

/** As in `GET /Patient/{id}`. */
function operationIn({ query }: Exchange): { operation?: string } {
  const operation = query.get('operation');
  if (operation === null) return {};
  if (operation.length <= 300 && /^[A-Z]{3,7} \/[\x21-\x7e]*$/.test(operation))
    return { operation };
  throw new Problem('invalid', 'An operation is a method and a path: GET /Patient/{id}');
}

function time<N extends 'from' | 'to'>({ query }: Exchange, name: N): Partial<Record<N, number>> {
  const text = query.get(name);
  if (text === null) return {};
  const at = /^\d{4}-\d{2}-\d{2}(T[0-9:.]{5,12}Z)?$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at))
    throw new Problem(
      'invalid',
      `${name} must be a date, or date and time in UTC: 2026-01-31T12:00Z`,
    );
  // a member of the one name that was asked for
  return { [name]: at } as Partial<Record<N, number>>;
}
