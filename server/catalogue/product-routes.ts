/** The routes of Products and Subscriptions. */
import type { Administration } from './administration.ts';
import * as bodies from './api-bodies.ts';
import {
  bodyOf,
  conditionOf,
  document,
  environmentOf,
  idOf,
  idText,
  managementBase,
  pageOf,
  pageReply,
  type Act,
} from './api-call.ts';
import { shownProduct, shownSubscription } from './api-views.ts';

/** Those of Products. */
export function productActs({ products }: Administration): Readonly<Record<string, Act>> {
  return {
    'GET /products': async (actor, x) =>
      pageReply(await products.list(actor, pageOf(x)), shownProduct),
    'POST /products': async (actor, x) => {
      const stored = await products.create(actor, await bodyOf(x, bodies.toNewProduct));
      const location = `${managementBase}/products/${stored.id}`;
      return document(201, stored, shownProduct, { location });
    },
    'GET /products/:id': async (actor, x) =>
      document(200, await products.read(actor, idOf(x)), shownProduct),
    'PATCH /products/:id': async (actor, x) => {
      const expected = conditionOf(x);
      const fields = await bodyOf(x, bodies.toProductChange);
      return document(200, await products.change(actor, idOf(x), fields, expected), shownProduct);
    },
  };
}

/** Those of Subscriptions. */
export function subscriptionActs({ subscriptions }: Administration): Readonly<Record<string, Act>> {
  return {
    'GET /subscriptions': async (actor, x) => {
      const [appId, productId] = [x.query.get('app'), x.query.get('product')];
      const query = {
        ...pageOf(x),
        ...(appId === null ? {} : { appId }),
        ...(productId === null ? {} : { productId }),
      };
      return pageReply(await subscriptions.list(actor, query), shownSubscription);
    },
    'POST /subscriptions': async (actor, x) => {
      const { app, product, environment, ...more } = await bodyOf(x, bodies.toWish);
      const wish = {
        appId: idText(app),
        productId: idText(product),
        environment: environmentOf(environment, 'invalid'),
        ...more,
      };
      const stored = await subscriptions.request(actor, wish);
      const location = `${managementBase}/subscriptions/${stored.id}`;
      return document(201, stored, shownSubscription, { location });
    },
    'GET /subscriptions/:id': async (actor, x) =>
      document(200, await subscriptions.read(actor, idOf(x)), shownSubscription),
    'PUT /subscriptions/:id/state': async (actor, x) => {
      const expected = conditionOf(x);
      const { state, reason, ends } = await bodyOf(x, bodies.toDecision);
      const until = ends === undefined ? undefined : Date.parse(ends);
      const stored = await subscriptions.decide(actor, idOf(x), state, reason, expected, until);
      return document(200, stored, shownSubscription);
    },
  };
}
