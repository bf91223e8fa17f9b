/** The limit explainer: which limits apply to an app at an Api, what is left of each, and when it frees. Owns the page. */
import { html, type Html } from '../../core/html.ts';
import { toEnvironment } from '../catalogue/environments.ts';
import { Problem } from '../../core/problem.ts';
import type { LimitTold } from './explain-ports.ts';
import { ownApps, type OwnApp } from './explain-reach.ts';
import { select } from './fields.ts';
import { blankForm, withFaults, type Fault } from './form.ts';
import { lookUpForm } from './explain-form.ts';
import { environmentOptions } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Page, type Pages, type SignedIn } from './page.ts';
import { code, table, tag, time } from './parts.ts';

export function limitPages(hub: Hub): Pages {
  return { '/explain/limits': accountPage({ show: (visit) => limits(hub, visit) }) };
}

interface Asked {
  readonly app: string;
  readonly proxy: string;
  readonly environment: string;
}

async function limits(hub: Hub, visit: SignedIn): Promise<Page> {
  const apps = await ownApps(hub, visit.me);
  const { query } = visit;
  const asked: Asked = {
    app: query.get('app') ?? '',
    proxy: query.get('api') ?? '',
    environment: query.get('environment') ?? 'sandbox',
  };
  const found = asked.app === '' && asked.proxy === '' ? undefined : await answer(hub, apps, asked);
  const faults = found && 'fault' in found ? [found.fault] : [];
  const form = withFaults(
    blankForm({ app: asked.app, api: asked.proxy, environment: asked.environment }),
    faults,
  );
  const names = [
    ...new Set(
      [...hub.catalogue.proxies()]
        .filter(({ state }) => state !== 'withdrawn')
        .map(({ api }) => api),
    ),
  ].sort();
  return {
    ...{
      title: 'Limits',
      here: 'explain',
      back: { href: '/explain', text: 'Back to Explain' },
      form,
    },
    ...(faults.length > 0 ? { status: 422 } : {}),
    content: html`<p>A call that is refused with 429 names its limit in the body. Here is how each stands now; looking takes nothing.</p>
${
  apps.length === 0
    ? html`<p>Your teams have no apps yet.</p>`
    : lookUpForm(
        html`${select(form, { name: 'app', label: 'App', choices: apps.map(({ app }) => ({ value: app.id, text: app.name })) })}
${select(form, { name: 'api', label: 'API', choices: names.map((value) => ({ value, text: hub.catalogue.api(value)?.title ?? value })) })}
${select(form, { name: 'environment', label: 'Environment', choices: environmentOptions })}`,
        'Show the limits',
      )
}
${found && 'view' in found ? found.view : undefined}`,
  };
}

async function answer(
  hub: Hub,
  apps: readonly OwnApp[],
  asked: Asked,
): Promise<{ readonly fault: Fault } | { readonly view: Html }> {
  const own = apps.find(({ app }) => app.id === asked.app);
  const environment = toEnvironment(asked.environment);
  if (!own) return { fault: { field: 'app', text: 'Choose an app of your teams' } };
  if (!environment) return { fault: { field: 'environment', text: 'Choose an environment' } };
  const names = [...hub.catalogue.proxies()]
    .filter((one) => one.api === asked.proxy && one.environment === environment)
    .map(({ name }) => name);
  if (names.length === 0)
    return { fault: { field: 'api', text: 'This API does not run in that environment' } };
  const now = hub.clock.now();
  const sections = await Promise.all(
    names.slice(0, 20).map(async (name) => {
      const query = { app: own.app.id, api: asked.proxy, environment, name };
      try {
        const { items = [] } = (await hub.administration.insight.limits(own.actor, query)) as {
          readonly items?: readonly LimitTold[];
        }; // as hosting.ts answers
        return limitView(name, items, now);
      } catch (error) {
        if (Problem.from(error).kind !== 'not-found') throw error;
        return html`<p>There is nothing to tell of ${name}.</p>`;
      }
    }),
  );
  return { view: html`${sections}` };
}

function limitView(name: string, items: readonly LimitTold[], now: number): Html {
  if (items.length === 0) return html`<h2>${name}</h2><p>No limit applies.</p>`;
  const rows = items.map((one) => [
    code(one.name),
    ruleText(one.rule),
    html`${byWords[one.by] ?? one.by}${one.conditional ? ', for some calls' : ''}`,
    `${one.from}: ${one.source}`,
    leftOf(one),
    one.frees === undefined || one.frees <= now ? 'Now' : time(one.frees),
  ]);
  return table(name, ['Limit', 'Rule', 'Counted', 'Set by', 'Left', 'Next call'], rows);
}

const byWords: Readonly<Record<string, string>> = {
  app: 'for the app',
  proxy: 'for all callers together',
  address: 'for each address',
  product: 'for the app in the product',
};

function leftOf({ remaining }: LimitTold): Html {
  if (remaining === undefined) return html`Not known for an address`;
  return remaining > 0 ? html`${remaining}` : tag('Used up', 'red');
}

/** `300 in 1 minute`, `5 a second, 5 at once`. */
function ruleText({ kind, ...rule }: LimitTold['rule']): string {
  const text = (name: string) => {
    const value = rule[name];
    return typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  };
  if (kind === 'quota') return `${text('limit')} in ${text('interval')} ${text('unit')}`;
  if (kind === 'spike') return `${text('rate')} a ${text('per')}, ${text('burst')} at once`;
  return `${text('max')} at a time`;
}
