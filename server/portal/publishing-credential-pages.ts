/** Making a credential for a team's command line: with a key pair made here, handed over once, or with a public key of its own. */
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { html } from '../../core/html.ts';
import { managementAddresses, toPublicJwk, type Credential } from '../catalogue/people.ts';
import { must } from '../catalogue/roles.ts';
import { beside } from './app-reach.ts';
import { keyAttempts, mustNotExceed } from './attempts.ts';
import { mustBeRight, ownNameFaults } from './checks.ts';
import { button, formOn, input } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { fileWord, handOver } from './key-handover.ts';
import { keyFields, publicHalfOnly, sentKeys, shownAgain } from './key-sent.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { inset } from './parts.ts';
import { mustPublish } from './publishing.ts';
import { newSecret } from './secrets.ts';
import { teamOf } from './team-words.ts';
import { actorIn } from './teams.ts';

const base = '/teams/:team/publishing';

export function publishingCredentialPages(hub: Hub): Pages {
  return {
    [`${base}/make`]: accountPage({
      once: true,
      show: (visit, form) => makePage(hub, visit, form),
      act: (visit, form) => make(hub, visit, form),
    }),
    [`${base}/key`]: accountPage({
      files: true,
      show: (visit, form) => keyPage(hub, visit, form),
      act: (visit, form) => register(hub, visit, form),
    }),
  };
}

/** The team of the path, and as who its visitor acts for it. @throws Problem `not-found`, `forbidden` where it may not publish */
async function publisherOf(hub: Hub, visit: SignedIn) {
  const { value: team } = await teamOf(hub, visit);
  const actor = actorIn(team, visit.me.actor);
  must(actor, 'credential.change', { organisation: team.id });
  await mustPublish(hub, team.id);
  const path = `/teams/${team.id}/publishing`;
  const back = { href: path, text: 'Back to command line and publishing' };
  return { team, path, back, actor };
}

const nameField = (form: Form) =>
  input(form, {
    ...{ name: 'name', label: 'Name of the credential' },
    hint: 'Where it is used, such as pipeline or laptop of Sam. One for each place, so that each can be revoked alone.',
  });

async function makePage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const { team, back } = await publisherOf(hub, visit);
  return {
    ...{ title: 'Have a credential made', of: team.name, form, here: 'teams', back },
    content: html`<p>A key pair is made. You get the file that the command line reads, once; its private key is kept nowhere.</p>
${formOn(visit, html`${nameField(form)}${button('Make the credential')}`, { once: form.raw('form_once') || newSecret() })}`,
  };
}

async function make(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const { team, actor, back } = await publisherOf(hub, visit);
  mustBeRight(ownNameFaults(form, 'name', 'a name for the credential'));
  await mustNotExceed(hub, keyAttempts(visit.me.account.id));
  const name = form.get('name');
  const privateKey = await newPrivateKey();
  const kid = 'key-1';
  const { id } = await hub.administration.credentials.create(actor, {
    ...{ name, organisation: team.id, key: toPublicJwk(privateKey, kid) },
  });
  const credential: Credential = {
    ...{ clientId: id, kid, privateKey },
    ...managementAddresses(hub.publicUrl()),
  };
  const file = `${fileWord(name)}.json`;
  return handOver(hub, visit, {
    title: `Credential ${name}`,
    about: `Save it as ${file}, for yourself alone (chmod 600 ${file}), and name it in commands: npx gatehouse api list --credential ${file} --url ${hub.publicUrl()}.`,
    text: JSON.stringify(credential, null, 2),
    ...{ file, back },
  });
}

const makePair = promisify(generateKeyPair);

async function newPrivateKey(): Promise<string> {
  const { privateKey } = await makePair('ec', {
    namedCurve: 'P-384',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return privateKey;
}

async function keyPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const { team, back } = await publisherOf(hub, visit);
  const shown = shownAgain(form);
  return {
    ...{ title: 'Use a key of your own', of: team.name, form, here: 'teams', back },
    content: html`${publicHalfOnly}
${inset('openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out my.pem makes a pair; openssl pkey -in my.pem -pubout gives its public half.')}
${formOn(visit, html`${nameField(shown)}${keyFields(shown, 'RSA of 2,048 bits or more, or P-384.')}${button('Register the key')}`, { files: true })}`,
  };
}

async function register(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const { team, actor, path } = await publisherOf(hub, visit);
  mustBeRight(ownNameFaults(form, 'name', 'a name for the credential'));
  await mustNotExceed(hub, keyAttempts(visit.me.account.id));
  const create = (key: unknown) =>
    hub.administration.credentials.create(actor, {
      ...{ name: form.get('name'), organisation: team.id, key },
    });
  const { field, keys } = await sentKeys(form, create);
  const [key] = keys;
  if (!key || keys.length > 1)
    throw new FormRefused([{ field, text: 'Send one key: each credential has its own' }]);
  const kid = typeof key.kid === 'string' && key.kid !== '' ? key.kid : 'key-1';
  const { id } = await beside(field, () => create({ ...key, kid }));
  return { to: `${path}/${id}`, told: 'The credential is made.' };
}
