/**
 * How an Api ends in an environment, and how it comes back: deprecated, withdrawn, retired, restored, by its producer or by who
 * runs the platform. What each state does to calls is the gateway's.
 */
import { html, type Html, type Part } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import type { Api } from '../catalogue/apis.ts';
import type { Proxy } from '../catalogue/proxies.ts';
import type { WantedState } from '../catalogue/proxy-administration.ts';
import { may, type Actor } from '../catalogue/roles.ts';
import { beside } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import { dayExample, dayOf, lastDay } from './day.ts';
import { button, formOn, input, radios, select } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Pages, type SignedIn } from './page.ts';
import { table, time } from './parts.ts';
import { actorIn } from './teams.ts';

const states = {
  deprecated: ['Deprecate it', 'It goes on; each answer tells callers that it will end.'],
  withdrawn: ['Withdraw it', 'Calls are answered 404, as if it had never been there.'],
  retired: ['Retire it', 'Calls are answered 410, which names what took its place.'],
  deployed: ['Put it back in service', 'Calls are answered as before.'],
} as const satisfies Record<Proxy['state'], readonly [string, string]>;
const wantable = ['deprecated', 'withdrawn', 'retired', 'deployed'] as const;

export function apiLifePages(hub: Hub): Pages {
  return {
    '/catalogue/:api/service': accountPage({
      async show(visit, form) {
        const { api, proxies } = await reached(hub, visit);
        const choices = proxies.map((one) => ({ value: one.id, text: placeName(one) }));
        return {
          ...{ title: `End ${api.title}, or put it back`, form, here: 'catalogue' },
          back: { href: `/catalogue/${api.id}`, text: `Back to ${api.title}` },
          content: html`${table('Where you look after it', ['Where', 'State', 'Ends', 'Replaced by'], proxies.map(rowOf))}
<p>It counts from the next call on. Callers see it in the fields Deprecation, Sunset and Link of each answer, and in the catalogue.</p>
${formOn(
  visit,
  html`${select(form, { name: 'proxy', label: 'Where', choices })}
${radios(form, { name: 'state', label: 'What shall become of it', choices: wantable.map((value) => ({ value, text: states[value][0], hint: states[value][1] })) })}
<h2>For callers of what is deprecated or retired</h2>
${input(form, { name: 'sunset', label: 'Day on which it ends (optional)', hint: `For example, ${dayExample}`, width: 20 })}
${input(form, { name: 'successor', label: 'What takes its place (optional)', hint: 'An https address, or a path such as /catalogue/other-api' })}
${input(form, { name: 'link', label: 'Page that explains it (optional)', hint: 'An https address, or a path' })}
${button('Do it', 'warning')}`,
)}`,
        };
      },
      async act(visit, form) {
        const { api, actor, proxies } = await reached(hub, visit);
        const proxy = proxies.find(({ id }) => id === form.get('proxy'));
        if (!proxy) throw new FormRefused([{ field: 'proxy', text: 'Choose where' }]);
        const wanted = wantedIn(form);
        await beside('successor', () =>
          hub.administration.proxies.setState(actor, proxy.id, wanted),
        );
        return {
          to: `/catalogue/${api.id}/service`,
          told: `${api.title} is ${wanted.state} in ${placeName(proxy)}.`,
        };
      },
    }),
  };
}

/** Whether somebody has a proxy of an Api to look after. */
export async function looksAfter(hub: Hub, { me }: Pick<SignedIn, 'me'>, api: Api) {
  return proxiesFor(hub, await actorFor(hub, me, api), api).length > 0;
}

/** The Api in the path, with what of it the visitor may end. @throws Problem `not-found`, `forbidden` */
async function reached(hub: Hub, { me, params }: SignedIn) {
  const api = hub.catalogue.api(params.api ?? '');
  if (!api) throw new Problem('not-found', 'There is no such API in the catalogue');
  const actor = await actorFor(hub, me, api);
  const proxies = proxiesFor(hub, actor, api);
  if (proxies.length === 0)
    throw new Problem('forbidden', 'Only its producer, or who runs the platform, ends an API', {
      code: 'ROLE',
    });
  return { api, actor, proxies };
}

/** As the role table knows somebody who acts on an Api: for the team that owns it, or by their own role. */
async function actorFor(
  hub: Hub,
  { account, actor }: SignedIn['me'],
  { owner }: Api,
): Promise<Actor> {
  const team = (await hub.teams.of(account.id)).find(({ value }) => value.id === owner)?.value;
  const stronger = actor.role === 'administrator' || actor.role === 'operator';
  return team && !stronger ? actorIn(team, actor) : actor;
}

function proxiesFor({ catalogue }: Hub, actor: Actor, { id, owner }: Api): readonly Proxy[] {
  return [...catalogue.proxies()].filter(
    ({ api, environment }) =>
      api === id && may(actor, 'proxy.state', { organisation: owner, environment }),
  );
}

function placeName({ id, environment }: Proxy): string {
  return `${environmentName(environment)} (${id.slice(id.indexOf('.') + 1)})`;
}

function rowOf(proxy: Proxy): readonly Part[] {
  const { sunset, successor = '' } = proxy.deprecation ?? {};
  return [placeName(proxy), proxy.state, sunset === undefined ? '' : endOf(sunset), successor];
}

const day = 24 * 3_600_000;

/** The day that was entered stands for its beginning. */
function endOf(sunset: number): Html {
  return sunset % day === 0 ? lastDay(sunset + day) : time(sunset);
}

function wantedIn(form: Form): WantedState {
  const state = wantable.find((one) => one === form.get('state'));
  if (!state) throw new FormRefused([{ field: 'state', text: 'Say what shall become of it' }]);
  const typed = form.get('sunset');
  const sunset = typed === '' ? undefined : dayOf(typed);
  if (typed !== '' && sunset === undefined)
    throw new FormRefused([{ field: 'sunset', text: `Enter a day such as ${dayExample}` }]);
  const [successor, link] = [form.get('successor'), form.get('link')];
  return {
    state,
    ...(sunset === undefined ? {} : { sunset }),
    ...(successor === '' ? {} : { successor }),
    ...(link === '' ? {} : { link }),
  };
}
