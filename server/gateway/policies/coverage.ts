/**
 * Whether a Product covers a call, and by which subscription a call is let in. Deny by default: a Product that names no Api
 * opens nothing, and one that names operations opens those alone.
 */
import type { Exchange } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { Covering } from '../../catalogue/catalogue.ts';
import { asDocument } from '../../catalogue/openapi/document.ts';
import type { Product } from '../../catalogue/products.ts';
import { matcherOf, type Matcher } from '../openapi-match.ts';
import { entitle } from '../policy.ts';

/** How far a Product reaches: to this operation, to other operations of the Api alone, or not to the Api. */
export type Reach = 'operation' | 'api' | 'none';

/** @param api the id of the Api that is called. */
export function reachOfProduct(
  product: Product,
  api: string,
  exchange: Pick<Exchange, 'method' | 'path' | 'headers'>,
): Reach {
  if (!product.apis.includes(api)) return 'none';
  const { operations } = product;
  if (!operations || !Object.hasOwn(operations, api)) return 'operation';
  const { path } = exchange;
  // Many servers decode a slash before they look at the path: the value of a parameter would be another operation.
  if (/%2f|%5c/i.test(path)) return 'api';
  const match = matcherFor(product, api, operations[api] ?? []);
  const covers = (method: string) => match(method, path === '' ? '/' : path).kind === 'operation';
  return methodsOf(exchange).every(covers) ? 'operation' : 'api';
}

/** The method, and whichever a back end may take in its place because a field asks for it. */
function methodsOf({ method, headers }: Pick<Exchange, 'method' | 'headers'>): readonly string[] {
  const asked = overriding.flatMap((name) => headers[name]?.trim().toUpperCase() ?? []);
  return [method, ...asked];
}

const overriding = ['x-http-method-override', 'x-http-method', 'x-method-override'];

/** The refusal of a call that proves to be of one app and to be of another. */
export function twoApps(): Problem {
  return new Problem('forbidden', 'The key and the token of this call are of different apps', {
    code: 'TWO_APPS',
  });
}

/** The first of some coverings that reaches the operation. */
export function coveringOf(
  coverings: readonly Covering[],
  api: string,
  exchange: Exchange,
): Covering | undefined {
  return coverings.find(({ product }) => reachOfProduct(product, api, exchange) === 'operation');
}

/** Notes by which subscription a call is let in, for the policies behind, for figures and the audit. */
export function letIn(exchange: Exchange, { subscription, product }: Covering): void {
  const { id: subscriptionId, appId } = subscription;
  exchange.facts.subscription = subscriptionId;
  exchange.facts.product = product.id;
  entitle(exchange, { subscriptionId, productId: product.id, appId });
}

const matchers = new WeakMap<Product, Map<string, Matcher>>();

/** Operations are written as in an OpenAPI document, so they are found as there. */
function matcherFor(product: Product, api: string, operations: readonly string[]): Matcher {
  let known = matchers.get(product);
  if (!known) matchers.set(product, (known = new Map<string, Matcher>()));
  let matcher = known.get(api);
  if (!matcher) known.set(api, (matcher = matcherOfOperations(operations)));
  return matcher;
}

function matcherOfOperations(operations: readonly string[]): Matcher {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const [method = '', path = ''] = operation.split(' ', 2);
    (paths[path] ??= {})[method.toLowerCase()] = { responses: {} };
  }
  const document = asDocument({ openapi: '3.0.3', paths });
  return document ? matcherOf(document) : () => ({ kind: 'no-path' });
}
