/** Products: what can be subscribed to, each with its APIs, environments, limits and rule of approval. For everybody. */
import { html, type Html, type Part } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { environments } from '../catalogue/environments.ts';
import type { Product } from '../catalogue/products.ts';
import { may } from '../catalogue/roles.ts';
import { proxiesOf } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import { ownerName } from './owner-words.ts';
import { openPage, type Page, type Pages, type Visit } from './page.ts';
import { code, list, startLink, summaryList, table, time } from './parts.ts';
import { subscriptionPath } from './subscription-reach.ts';
import { approvalWord } from './subscription-request-pages.ts';
import { subscriptionTag } from './subscription-table.ts';
import { limitWords, usageShown } from './subscription-usage.ts';

const here = 'products';

export function productPages(hub: Hub): Pages {
  return {
    '/products': openPage({ show: (visit) => productList(hub, visit) }),
    '/products/:product': openPage({ show: (visit) => productPage(hub, visit) }),
  };
}

function productList(hub: Hub, { me }: Visit): Page {
  const products = [...hub.catalogue.products()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
  const rows = products.map((one) => [
    html`<a href="/products/${one.id}">${one.name}</a><br />${one.description}`,
    one.apis.map((api) => hub.catalogue.api(api)?.title ?? api).join(', '),
    approvalWord(one),
  ]);
  return {
    ...{ title: 'Products', here },
    ...(me ? {} : { keep: 'revalidate' as const }),
    content: html`<p>A product is what an app subscribes to: APIs, or some of their operations, with scopes and limits.</p>
${rows.length === 0 ? html`<p>There are none yet.</p>` : table('All products', ['Product', 'APIs', 'Approval'], rows)}`,
  };
}

async function productPage(hub: Hub, visit: Visit): Promise<Page> {
  const product = hub.catalogue.product(visit.params.product ?? '');
  if (!product) throw new Problem('not-found', 'There is no such product');
  return {
    ...{ title: product.name, here, back: { href: '/products', text: 'Back to products' } },
    ...(visit.me ? {} : { keep: 'revalidate' as const }),
    content: html`<p>${product.description}</p>
${startLink(`/subscriptions/new?product=${product.id}`, 'Subscribe')}
${visit.me && may(visit.me.actor, 'product.change') ? html`<p><a href="/products/${product.id}/change">Change the product</a></p>` : undefined}
${facts(product, product.customer ? await ownerName(hub, product.customer.owner) : '')}
<h2>APIs</h2>
${apiTable(hub, product)}
${visit.me && may(visit.me.actor, 'subscription.read') ? await subscribers(hub, visit.me, product) : undefined}`,
  };
}

function facts(product: Product, customer: string): Html {
  const { scopes, limits = {} } = product;
  const words = limitWords(limits);
  return summaryList([
    { key: 'Approval', value: ruleOf(product, customer) },
    { key: 'Limits of each app', value: words.length === 0 ? 'None of its own' : list(words) },
    {
      key: 'Scopes',
      value: scopes.length === 0 ? 'None: a key alone' : list(scopes.map((one) => code(one))),
    },
  ]);
}

function ruleOf({ approval, customer }: Product, owner: string): string {
  if (customer)
    return `It leads into ${customer.environment}: its owner, ${owner}, decides on each request.`;
  return approval === 'automatic'
    ? 'At once, without anybody’s approval. In production somebody decides.'
    : 'Somebody decides on each request.';
}

function apiTable(hub: Hub, { apis, operations = {} }: Product): Html {
  const rows = apis.map((id): Part[] => {
    const where = environments.filter((one) => proxiesOf(hub, id, one).length > 0);
    const some = operations[id];
    return [
      html`<a href="/catalogue/${id}">${hub.catalogue.api(id)?.title ?? id}</a>`,
      where.length === 0 ? 'Nowhere yet' : where.map(environmentName).join(', '),
      some ? list(some.map((one) => code(one))) : 'All',
    ];
  });
  if (rows.length === 0) return html`<p>It covers no API, so it opens none.</p>`;
  return table('APIs of the product', ['API', 'Where it runs', 'Operations'], rows);
}

/** For staff: who uses it, and how much. */
async function subscribers(
  hub: Hub,
  { actor }: NonNullable<Visit['me']>,
  { id }: Product,
): Promise<Html> {
  const { items } = await hub.administration.subscriptions.list(actor, {
    productId: id,
    limit: 200,
  });
  const rows = items.map(({ value: one }) => [
    html`<a href="${subscriptionPath(one.id)}">${hub.catalogue.app(one.appId)?.name ?? one.appId}</a>`,
    environmentName(one.environment),
    subscriptionTag(one.state),
    time(one.requested),
  ]);
  const head = ['App', 'Environment', 'State', 'Asked for'];
  return html`<h2>Subscribers</h2>
${rows.length === 0 ? html`<p>There are none yet.</p>` : table('Who subscribes', head, rows)}
<h2>Usage</h2>
${may(actor, 'usage.read') ? await usageShown(hub, actor, { product: id }) : undefined}`;
}
