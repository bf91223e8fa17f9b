/**
 * Changing a Product: words, APIs, scopes, approval and limits, by who manages products. Who subscribes is told by mail what has
 * become different for them; the page says when each part of it counts.
 */
import { html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import type { Product, RateLimits, Subscription } from '../catalogue/products.ts';
import { must } from '../catalogue/roles.ts';
import { beside, linesOf, versionIn } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import { mustBeRight, nameFaults } from './checks.ts';
import { managersOf, mostReceivers } from './deciders.ts';
import { button, formOn, input, radios, select, textarea } from './fields.ts';
import { blankForm, type Fault, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Page, type Pages, type SignedIn } from './page.ts';
import { subscriptionPath } from './subscription-reach.ts';
import { limitWords } from './subscription-usage.ts';

const units = ['second', 'minute', 'hour', 'day', 'week', 'month'] as const;
const pers = ['second', 'minute'] as const;

export function productChangePages(hub: Hub): Pages {
  return {
    '/products/:product/change': accountPage({
      show: (visit, form) => changePage(hub, visit, form),
      async act(visit, form) {
        const { id, value: before } = await productIn(hub, visit);
        const fields = fieldsIn(form, before);
        const { value } = await beside('', () =>
          hub.administration.products.change(visit.me.actor, id, fields, versionIn(form)),
        );
        const told = await tellSubscribers(hub, before, value);
        const whom = told === 0 ? '' : ` ${told} subscription(s) were told by mail.`;
        return { to: `/products/${id}`, told: `The product is changed.${whom}` };
      },
    }),
  };
}

/** @throws Problem `forbidden` for who does not manage products */
async function productIn(hub: Hub, { me, params }: SignedIn) {
  must(me.actor, 'product.change');
  return hub.administration.products.read(me.actor, params.product ?? '');
}

async function changePage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const { value, version } = await productIn(hub, visit);
  const shown = form.sent ? form : formFor(value);
  const running = subscriptionsTo(hub, value.id);
  const choices = (all: readonly string[]) => all.map((one) => ({ value: one, text: one }));
  return {
    ...{ title: 'Change the product', form, here: 'products' },
    back: { href: `/products/${value.id}`, text: `Back to ${value.name}` },
    content: html`<h2>Who notices</h2>
<p>${running.length} running subscription(s). APIs and limits count for them from the next call on, scopes from their next token; the rule of approval counts for new requests alone. Their teams are told by mail what has changed.</p>
${formOn(
  visit,
  html`${input(shown, { name: 'name', label: 'Name' })}
${textarea(shown, { name: 'description', label: 'Description', rows: 4 })}
${textarea(shown, { name: 'apis', label: 'APIs', hint: 'One id a line. Where it is open is where these run.', rows: 4 })}
${textarea(shown, { name: 'scopes', label: 'Scopes', hint: 'One a line', rows: 4 })}
${radios(shown, {
  name: 'approval',
  label: 'Who approves',
  choices: [
    { value: 'automatic', text: 'Nobody', hint: 'In production somebody decides in any case.' },
    { value: 'manual', text: 'Somebody decides on each request' },
  ],
})}
<h2>Limits of each app</h2>
${input(shown, { name: 'quota', label: 'Calls (optional)', numeric: true, width: 10 })}
${input(shown, { name: 'interval', label: 'In how many of the units below', numeric: true, width: 5 })}
${select(shown, { name: 'unit', label: 'Unit', choices: choices(units) })}
${input(shown, { name: 'rate', label: 'Calls, smoothed (optional)', numeric: true, width: 10 })}
${select(shown, { name: 'per', label: 'In each', choices: choices(pers) })}
${input(shown, { name: 'concurrency', label: 'Calls at a time (optional)', numeric: true, width: 10 })}
${button('Save')}`,
  { hidden: { version: form.raw('version') || version } },
)}`,
  };
}

function formFor({ name, description, apis, scopes, approval, limits = {} }: Product): Form {
  const { quota, spikeArrest, concurrency } = limits;
  return blankForm({
    ...{ name, description, approval, apis: apis.join('\n'), scopes: scopes.join('\n') },
    ...{ quota: String(quota?.limit ?? ''), interval: String(quota?.interval ?? 1) },
    ...{ unit: quota?.unit ?? 'day', rate: String(spikeArrest?.rate ?? '') },
    ...{ per: spikeArrest?.per ?? 'second', concurrency: String(concurrency ?? '') },
  });
}

function fieldsIn(form: Form, before: Product) {
  const approval = (['automatic', 'manual'] as const).find((one) => one === form.get('approval'));
  const faults: Fault[] = [];
  const amount = (field: string, most: number): number | undefined => {
    const text = form.get(field);
    if (text === '') return undefined;
    const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
    if (value >= 1 && value <= most) return value;
    faults.push({ field, text: `Enter a whole number from 1 to ${most.toLocaleString('en-GB')}` });
    return undefined;
  };
  const [limit, interval = 1] = [amount('quota', 1_000_000_000), amount('interval', 1000)];
  const [rate, concurrency] = [amount('rate', 1_000_000), amount('concurrency', 100_000)];
  const unit = units.find((one) => one === form.get('unit')) ?? 'day';
  const per = pers.find((one) => one === form.get('per')) ?? 'second';
  mustBeRight(
    nameFaults(form, 'name', 'a name for the product'),
    approval ? [] : [{ field: 'approval', text: 'Say who approves' }],
    faults,
  );
  const burst = before.limits?.spikeArrest?.burst;
  const limits: RateLimits = {
    ...(limit === undefined ? {} : { quota: { limit, interval, unit } }),
    ...(rate === undefined
      ? {}
      : { spikeArrest: { rate, per, ...(burst === undefined ? {} : { burst }) } }),
    ...(concurrency === undefined ? {} : { concurrency }),
  };
  return {
    ...{ name: form.get('name'), description: form.get('description'), limits },
    ...{ apis: linesOf(form.raw('apis')), scopes: linesOf(form.raw('scopes')) },
    // Only when it is changed: the audit tells who let writes through without a decision.
    ...(approval && approval !== before.approval ? { approval } : {}),
  };
}

function subscriptionsTo({ catalogue }: Hub, product: string): readonly Subscription[] {
  return [...catalogue.subscriptions()].filter(
    ({ productId, state }) =>
      productId === product && (state === 'active' || state === 'suspended'),
  );
}

/** What is different for who subscribes, a line each. */
function differences(before: Product, after: Product): readonly string[] {
  const lists = (word: string, old: readonly string[], now: readonly string[]) => [
    ...now.filter((one) => !old.includes(one)).map((one) => `New ${word}: ${one}`),
    ...old.filter((one) => !now.includes(one)).map((one) => `No longer, ${word}: ${one}`),
  ];
  const words = ({ limits = {} }: Product) => limitWords(limits).join('; ') || 'none';
  return [
    ...(before.name === after.name ? [] : [`It is called ${after.name} now`]),
    ...lists('API', before.apis, after.apis),
    ...lists('scope', before.scopes, after.scopes),
    ...(words(before) === words(after) ? [] : [`Limits: ${words(after)} (were: ${words(before)})`]),
  ];
}

/** Gives how many subscriptions were told. A message that cannot be kept undoes nothing: the page tells the same. */
async function tellSubscribers(hub: Hub, before: Product, after: Product): Promise<number> {
  const lines = differences(before, after);
  if (lines.length === 0) return 0;
  const running = subscriptionsTo(hub, after.id);
  try {
    for (const one of running) {
      const app = hub.catalogue.app(one.appId);
      for (const to of (await managersOf(hub, app?.owner ?? '')).slice(0, mostReceivers))
        await hub.send(hub.clock.newId(), {
          ...{ to, template: 'hub-product-change' },
          subject: `${before.name} has changed`.replace(/\s+/g, ' ').slice(0, 200),
          text: `${app?.name ?? one.appId} is subscribed to ${before.name} in ${environmentName(one.environment)}. What has changed:\n\n${lines.join('\n')}\n\nAPIs and limits count from the next call on, scopes from the next token.\n\n${hub.publicUrl()}${subscriptionPath(one.id)}\n\nGatehouse developer hub\n`,
        });
    }
  } catch (error) {
    const { kind } = Problem.from(error);
    hub.log.log('warn', 'a notice could not be kept', { kind, template: 'hub-product-change' });
  }
  return running.length;
}
