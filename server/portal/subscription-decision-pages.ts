/** Deciding on a Subscription: approve for good or for a time, reject, suspend, resume, cancel. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import type { Subscription } from '../catalogue/products.ts';
import type { Actor } from '../catalogue/roles.ts';
import type { Decision } from '../catalogue/subscription-administration.ts';
import { environmentName, kindWords } from './app-words.ts';
import { dayExample, dayOf } from './day.ts';
import { versionIn } from './app-reach.ts';
import { button, formOn, input, radios, textarea, type Choice } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { list, summaryList } from './parts.ts';
import { makeFirstKeys } from './subscription-key-pages.ts';
import { tellDecision } from './subscription-notices.ts';
import { facts } from './subscription-pages.ts';
import {
  backToSubscription,
  subscriptionOf,
  subscriptionPath,
  type ReachedSubscription,
} from './subscription-reach.ts';
import { threadOf } from './subscription-thread.ts';
import { limitWords } from './subscription-usage.ts';
import { organisationTypes, type Team } from './teams.ts';

/** Who makes the first keys of what somebody else approved: the right to them is the app's, not the approver's. */
const platform: Actor = { id: 'platform', role: 'operator', organisation: '*' };

export function decisionPages(hub: Hub): Pages {
  return {
    '/subscriptions/:subscription/decision': accountPage({
      show: (visit, form) => decisionPage(hub, visit, form),
      act: (visit, form) => decide(hub, visit, form),
    }),
  };
}

const choices: Readonly<Partial<Record<Subscription['state'], readonly Choice[]>>> = {
  requested: [
    { value: 'active', text: 'Approve' },
    { value: 'rejected', text: 'Reject', hint: 'Whoever asked reads the reason.' },
  ],
  active: [
    { value: 'suspended', text: 'Suspend', hint: 'Calls are refused until it is resumed.' },
    { value: 'cancelled', text: 'Cancel', hint: 'It ends, and can be asked for again.' },
  ],
  suspended: [
    { value: 'active', text: 'Resume' },
    { value: 'cancelled', text: 'Cancel', hint: 'It ends, and can be asked for again.' },
  ],
};

async function reachedByDecider(hub: Hub, visit: SignedIn) {
  const reached = await subscriptionOf(hub, visit);
  const { decider } = reached;
  if (!decider) throw new Problem('forbidden', 'Somebody else decides on this subscription');
  return { reached, decider };
}

async function decisionPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const { reached } = await reachedByDecider(hub, visit);
  const { subscription, app, product, version } = reached;
  const possible = choices[subscription.state];
  const team = (await hub.teams.find(app.owner))?.value;
  return {
    ...{ title: `${product.name} for ${app.name}`, form, here: 'requests' },
    of: `Decision in ${environmentName(subscription.environment)}`,
    back: backToSubscription(reached),
    content: html`${facts(reached)}
<h2>The app and its team</h2>
${appFacts(reached, team)}
<h2>Messages</h2>
${await threadOf(hub, subscription.id)}
<p><a href="${subscriptionPath(subscription.id)}">Write a message</a></p>
<h2>Your decision</h2>
${
  possible === undefined
    ? html`<p>It is ${subscription.state}: there is nothing to decide.</p>`
    : formOn(
        visit,
        html`${radios(form, { name: 'decision', label: 'What shall happen?', choices: possible })}
${textarea(form, { name: 'reason', label: 'Reason (needed to reject)', rows: 3 })}
${subscription.state === 'requested' ? input(form, { name: 'ends', label: 'Last day (optional)', hint: `For example, ${dayExample}. After it the subscription expires.`, width: 20 }) : undefined}
${button('Decide')}`,
        { hidden: { version: form.raw('version') || version } },
      )
}`,
  };
}

function appFacts({ app, product }: ReachedSubscription, team: Team | undefined): Html {
  const { name, type, odsCode } = team?.organisation ?? {};
  const limits = limitWords(product.limits ?? {});
  return summaryList([
    { key: 'Description', value: app.description === '' ? 'None' : app.description },
    { key: 'Kind', value: kindWords(app.kinds) },
    { key: 'Questions to', value: app.contact },
    { key: 'Team', value: team?.name ?? app.owner },
    {
      key: 'Organisation, as the team says',
      value:
        name === undefined ? 'Not said' : `${name}${type ? ` (${organisationTypes[type]})` : ''}`,
    },
    { key: 'ODS code, not confirmed', value: odsCode ?? 'None' },
    { key: 'Limits of the product', value: limits.length === 0 ? 'None of its own' : list(limits) },
  ]);
}

async function decide(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const { reached, decider } = await reachedByDecider(hub, visit);
  const { subscription, app, product } = reached;
  const decision = (['active', 'rejected', 'suspended', 'cancelled'] as const).find(
    (one) => one === form.get('decision'),
  );
  if (!decision) throw new FormRefused([{ field: 'decision', text: 'Choose what shall happen' }]);
  const reason = form.get('reason');
  if (decision === 'rejected' && reason === '')
    throw new FormRefused([{ field: 'reason', text: 'Enter why you reject it' }]);
  if (reason.length > 2000)
    throw new FormRefused([{ field: 'reason', text: 'Enter at most 2,000 characters' }]);
  const ends = decision === 'active' ? endsIn(form, hub.clock.now()) : undefined;
  const { value } = await hub.administration.subscriptions.decide(
    decider,
    subscription.id,
    decision,
    reason === '' ? undefined : reason,
    versionIn(form),
    ends,
  );
  if (decision === 'active') await makeFirstKeys(hub, platform, value);
  await tellDecision(hub, { subscription: value, app, product });
  return { to: '/requests', told: `${product.name} for ${app.name}: ${words[decision]}.` };
}

const words: Readonly<Record<Decision, string>> = {
  active: 'it is active',
  rejected: 'rejected',
  suspended: 'suspended',
  cancelled: 'cancelled',
};

/** The end of the day that was entered. */
function endsIn(form: Form, now: number): number | undefined {
  const text = form.get('ends');
  if (text === '') return undefined;
  const begin = dayOf(text);
  const ends = begin === undefined ? undefined : begin + 24 * 3_600_000;
  if (ends !== undefined && ends > now) return ends;
  throw new FormRefused([{ field: 'ends', text: `Enter a day to come, such as ${dayExample}` }]);
}
