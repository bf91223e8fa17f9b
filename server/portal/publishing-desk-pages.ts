/** Which teams may publish, for those who run the platform: requests that wait, and what was granted or refused. */
import { html, type Html } from '../../core/html.ts';
import { button, formOn } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { code, time } from './parts.ts';
import {
  decideOnPublishing,
  publishingIn,
  type Publishing,
  type PublishingState,
} from './publishing.ts';

const here = 'operations';

export function publishingDeskPages(hub: Hub): Pages {
  return {
    '/operations/publishing': accountPage({
      show: (visit, form) => deskPage(hub, visit, form),
      act: (visit, form) => decide(hub, visit, form),
    }),
  };
}

async function deskPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const part = async (state: PublishingState) => {
    const all = await publishingIn(hub, visit.me.actor, state);
    if (all.length === 0) return html`<p>There are none.</p>`;
    return html`${await Promise.all(all.map((one) => shownRequest(hub, visit, one)))}`;
  };
  return {
    ...{ title: 'Teams that publish', here, form },
    back: { href: '/operations', text: 'Operations' },
    content: html`<p>A team that may publish makes credentials for the command line, and with them puts its own APIs into sandbox, development and SIT. Taken back, its credentials end at once; its APIs stay until they are withdrawn.</p>
<h2>Requests that wait</h2>${await part('asked')}
<h2>May publish</h2>${await part('granted')}
<h2>Refused or taken back</h2>${await part('refused')}`,
  };
}

async function shownRequest(hub: Hub, visit: SignedIn, one: Publishing): Promise<Html> {
  const { team: id, state, reason, asked } = one;
  const team = (await hub.teams.find(id))?.value;
  const name = team?.name ?? 'A team that has ended';
  const ways = {
    ...(state === 'granted' ? {} : { granted: 'Let it publish' }),
    ...(state === 'refused' ? {} : { refused: state === 'asked' ? 'Refuse' : 'Take it back' }),
  };
  const buttons = Object.entries(ways).map(([decision, text]) =>
    formOn(visit, button(`${text}: ${name}`, decision === 'granted' ? 'secondary' : 'warning'), {
      hidden: { team: id, decision },
    }),
  );
  return html`<div class="nhsuk-inset-text"><p>${name} (${code(id)}, ${team?.organisation?.name ?? 'no organisation said'}), asked ${time(asked)}</p><p class="hub-said">${reason}</p>${team ? buttons : undefined}</div>`;
}

async function decide(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const state = (['granted', 'refused'] as const).find((one) => one === form.get('decision'));
  if (!state) throw new FormRefused([{ text: 'Choose one of the buttons' }]);
  await decideOnPublishing(hub, visit.me.actor, form.get('team'), state);
  const told = state === 'granted' ? 'The team may publish.' : 'The team may not publish.';
  return { to: '/operations/publishing', told };
}
