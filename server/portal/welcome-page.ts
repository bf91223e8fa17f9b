/** The first page after a sign-in: what somebody can do next, by what they may. */
import { html, type Html } from '../../core/html.ts';
import { may } from '../catalogue/roles.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Pages, type SignedIn } from './page.ts';
import { startLink } from './parts.ts';
import { requestsFor } from './subscription-requests-page.ts';

export function welcomePage(hub: Hub): Pages {
  return {
    '/welcome': accountPage({
      show: async (visit) => ({
        title: `Hello, ${visit.me.person.name}`,
        content: html`<p>What do you want to do?</p>
<ul class="hub-lanes">${await duties(hub, visit)}
<li><h2>Build an app</h2><p>Register it, give it a key, subscribe it to a product, and call.</p>${startLink('/apps/new', 'Register an app')}<p><a href="/apps">Your apps</a> and <a href="/teams">your teams</a></p></li>
<li><h2>Look around</h2><p>Read what there is, and try it: the sandbox asks for nothing.</p>${startLink('/catalogue', 'API catalogue', 'secondary')}<p><a href="/try">Try an API</a></p></li>
<li><h2>Offer an API</h2><p>Your OpenAPI document is all it takes.</p>${startLink('/start/producers', 'Offer an API', 'secondary')}</li>
<li><h2>Make your account safer</h2><p>With a second factor your password alone opens nothing.</p>${startLink('/account/second-factor', 'Second factor', 'secondary')}</li>
</ul>`,
      }),
    }),
  };
}

/** What is asked of who decides and of who looks after the platform; most people have none of it. */
async function duties(hub: Hub, visit: SignedIn): Promise<Html> {
  const waiting = await requestsFor(hub, visit);
  const many = waiting === 1 ? '1 request waits' : `${waiting} requests wait`;
  return html`${
    waiting === 0
      ? undefined
      : html`<li><h2>Decide</h2><p>${many} for you.</p>${startLink('/requests', 'See the requests')}</li>`
  }${
    may(visit.me.actor, 'alert.read')
      ? html`<li><h2>Look after the platform</h2><p>Alerts, calls and errors, messages and mail.</p>${startLink('/operations', 'Operations')}<p><a href="/status">Status of the APIs</a></p></li>`
      : undefined
  }`;
}
