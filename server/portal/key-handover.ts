/**
 * Secrets that are handed over once: shown to whoever made them, in their session, for ten minutes, and then gone. Until
 * then they lie sealed in the store, so that a second click on the button, or a lost answer, loses nobody a key.
 */
import { html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Stored } from '../../core/store.ts';
import { endKey } from './ended.ts';
import { button, formOn } from './fields.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Move, type Pages, type SignedIn } from './page.ts';
import { startLink, warning } from './parts.ts';
import { newSecret } from './secrets.ts';

interface Handed {
  readonly ends: number;
  /** Whose, and in which session. */
  readonly session: string;
  readonly sealed: string;
}

/** What is handed over. */
export interface Secret {
  /** "Private key of Ward app in sandbox". */
  readonly title: string;
  /** What it is for, and where it belongs. */
  readonly about: string;
  readonly text: string;
  /** As what it is saved. */
  readonly file: string;
  readonly back: { readonly href: string; readonly text: string };
}

export const handedCollection: CollectionOf<Handed> = {
  name: 'portal.handed',
  keys: ({ ends }) => ({ end: endKey(ends) }),
};

const shownFor = 10 * 60_000;

/** Leads to the page that shows a secret this once. */
export async function handOver(hub: Hub, visit: SignedIn, secret: Secret): Promise<Move> {
  const id = newSecret();
  const sealed = hub.sealer.seal(JSON.stringify(secret), placeOf(id));
  const ends = hub.clock.now() + shownFor;
  await hub.store
    .open(handedCollection)
    .put(id, { ends, session: visit.me.session.id, sealed }, { expected: 0 });
  return { to: `/handed/${id}` };
}

function placeOf(id: string): string {
  return `handed ${id}`;
}

export function handoverPages(hub: Hub): Pages {
  return {
    '/handed/:id': accountPage({
      async show(visit) {
        const { secret } = await handedTo(hub, visit);
        const { title, about, text, file, back } = secret;
        return {
          ...{ title, back, here: 'apps' },
          content: html`${warning('Shown only now', 'Save it where you keep passwords. This page shows it for ten minutes, in this session alone; after that nobody can look it up.')}
<p>${about} <a href="/security">How to use it, by security pattern</a>.</p>
<pre class="hub-secret" tabindex="0" role="region" aria-label="${title}"><code>${text}</code></pre>
${startLink(`${visit.path}/file`, `Save as ${file}`, 'secondary')}
${formOn(visit, button('I have it: show it no more'))}`,
        };
      },
      async act(visit) {
        const { stored, secret } = await handedTo(hub, visit);
        await hub.store
          .open(handedCollection)
          .remove(stored.id, stored.version)
          .catch((error: unknown) => {
            if (Problem.from(error).kind !== 'conflict') throw error; // it is gone already
          });
        return { to: secret.back.href, told: 'It is shown no more.' };
      },
    }),
    '/handed/:id/file': accountPage({
      async show(visit) {
        const { secret } = await handedTo(hub, visit);
        return { file: secret.file, type: 'application/octet-stream', content: `${secret.text}\n` };
      },
    }),
  };
}

async function handedTo(
  hub: Hub,
  { params, me }: SignedIn,
): Promise<{ stored: Stored<Handed>; secret: Secret }> {
  const stored = await hub.store.open(handedCollection).get(params.id ?? '');
  const mine = stored?.value.session === me.session.id && stored.value.ends > hub.clock.now();
  const text = mine ? hub.sealer.open(stored.value.sealed, placeOf(stored.id)) : undefined;
  if (!stored || text === undefined)
    throw new Problem(
      'gone',
      'What was shown here is shown no more. Make a new one if you lost it',
    );
  return { stored, secret: JSON.parse(text) as Secret }; // sealed by us alone
}

/** A word in a name of a file. */
export function fileWord(text: string): string {
  return (
    text
      .replace(/[^A-Za-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60) || 'app'
  );
}
