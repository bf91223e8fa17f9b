/** Client secrets of a registration: made and shown once, ended now or after an overlap. */
import { html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { overlaps, type Overlap } from '../catalogue/secret-administration.ts';
import { appPath, backToPlace, placeOf, type Placed } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import { button, formOn, radios } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { fileWord, handOver } from './key-handover.ts';
import { accountPage, type Page, type Pages, type SignedIn } from './page.ts';
import { time } from './parts.ts';
import { newSecret } from './secrets.ts';

const here = 'apps';
const base = '/apps/:app/in/:environment/secrets';

export function appSecretPages(hub: Hub): Pages {
  return {
    [`${base}/new`]: accountPage({
      once: true,
      async show(visit, form) {
        const placed = await placeOf(hub, visit);
        return {
          ...{ title: 'Make a client secret', form, here, back: backToPlace(placed) },
          content: html`<p>Two can work at the same time, so that one can be replaced without a gap. Only a hash of it is kept.</p>
${formOn(visit, button('Make the secret'), { once: form.raw('form_once') || newSecret() })}`,
        };
      },
      async act(visit) {
        const placed = await placeOf(hub, visit);
        const { app, environment, actor, at } = placed;
        const { secret } = await hub.administration.secrets.create(actor, at);
        return handOver(hub, visit, {
          title: `Client secret of ${app.name} in ${environmentName(environment)}`,
          about: `It goes with the client id ${placed.registration.clientId}.`,
          text: secret,
          file: `${fileWord(app.name)}-${environment}-secret.txt`,
          back: backToPlace(placed),
        });
      },
    }),
    [`${base}/end/:secret`]: accountPage({
      show: (visit, form) => endPage(hub, visit, form),
      async act(visit, form) {
        const placed = await placeOf(hub, visit);
        const { actor, at } = placed;
        const overlap = overlapIn(form);
        await hub.administration.secrets.end(actor, at, secretOf(placed, visit).id, overlap);
        return {
          to: appPath(at.app, at.environment),
          told: overlap === '0' ? 'The secret has ended.' : `The secret ends in ${words[overlap]}.`,
        };
      },
    }),
  };
}

const words: Readonly<Record<Overlap, string>> = {
  '0': 'now',
  '1h': 'an hour',
  '24h': 'a day',
  '7d': 'a week',
};

async function endPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const placed = await placeOf(hub, visit);
  const { created } = secretOf(placed, visit);
  const choices = Object.keys(overlaps).map((value) => ({
    value,
    text: value === '0' ? 'Now' : `In ${words[value as Overlap]}`, // its own keys
  }));
  return {
    ...{ title: 'End a client secret', form, here, back: backToPlace(placed) },
    content: html`<p>The secret made ${time(created)} is refused from then on.</p>
${formOn(visit, html`${radios(form, { name: 'overlap', label: 'When?', choices })}${button('End the secret', 'warning')}`)}`,
  };
}

function secretOf({ registration }: Placed, { params }: SignedIn) {
  const found = registration.secrets.find(({ id }) => id === params.secret);
  if (found) return found;
  throw new Problem('not-found', 'There is no such secret, or it has ended');
}

function overlapIn(form: Form): Overlap {
  const text = form.get('overlap');
  if (Object.hasOwn(overlaps, text)) return text as Overlap; // one of its own keys
  throw new FormRefused([{ field: 'overlap', text: 'Choose when it ends' }]);
}
