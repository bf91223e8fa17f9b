/** One's own data as a file, and the end of an account. What ends how is in account-end.ts. */
import { html } from '../../core/html.ts';
import { endAccount, obstaclesTo } from './account-end.ts';
import { currentPassword, mustKnowPassword } from './account-pages.ts';
import { dataInWords, ownData } from './account-data.ts';
import { enter } from './deeds.ts';
import { button, formOn } from './fields.ts';
import { FormRefused } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { endedMessage } from './messages.ts';
import { accountPage, type Pages } from './page.ts';
import { list, startLink, warning } from './parts.ts';

const back = { href: '/account', text: 'Back to your account' };

export function accountEndPages(hub: Hub): Pages {
  return {
    '/account/data': accountPage({
      show: () => ({
        ...{ title: 'Your data', back, here: 'account' },
        content: html`<p>All that this developer hub keeps about you, as a file (JSON): ${dataInWords}.</p>
<p>Passwords, keys and codes are not in it: of passwords and codes only hashes are kept. What you did is in the audit, which those who run the platform give out: <a href="/help/ask">ask for it</a>.</p>
${startLink('/account/data/file', 'Download your data')}`,
      }),
    }),
    '/account/data/file': accountPage({
      async show(visit) {
        const content = `${JSON.stringify(await ownData(hub, visit.me), null, 2)}\n`;
        await enter(hub, visit, { action: 'account.data', id: visit.me.account.id });
        return { file: 'gatehouse-my-data.json', type: 'application/json', content };
      },
    }),
    '/account/delete': accountPage({
      async show(visit, form) {
        const obstacles = await obstaclesTo(hub, visit.me);
        const about = html`<p>With your account go your name, your e-mail address, your password and second factor, and your sessions. You leave your teams; a team that only you are in ends. Requests for help that you made stay, without your name and address.</p>
<p>What stays: your apps and their subscriptions, with their teams; what you wrote in requests for products, with your name, for those are records of decisions; and the audit, which knows you by a number alone and is kept as long as those who run the platform have to keep it.</p>
<p>You may want to <a href="/account/data">download your data</a> before.</p>`;
        return {
          ...{ title: 'Delete your account', form, back, here: 'account' },
          content: html`${about}${
            obstacles.length > 0
              ? html`<h2>Before you can do this</h2>${list(obstacles)}`
              : formOn(
                  visit,
                  html`${warning('This cannot be undone', 'The account is gone at once. You can make a new one with the same e-mail address, which has none of what you have now.')}${currentPassword(form)}${button('Delete your account', 'warning')}`,
                )
          }`,
        };
      },
      async act(visit, form) {
        await mustKnowPassword(hub, visit, form);
        if ((await obstaclesTo(hub, visit.me)).length > 0)
          throw new FormRefused([{ text: 'There is something to be done before' }]);
        await endAccount(hub, visit.me);
        visit.setCookie('session', '', 0);
        await hub.send(hub.clock.newId(), endedMessage(visit.me.account.value.email));
        return { to: '/', told: 'Your account is deleted.' };
      },
    }),
  };
}
