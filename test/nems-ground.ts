/**
 * Callers of the national events service for tests: systems with certificates over mutual TLS, their tokens, subscriptions and
 * event messages, and the mailbox in which copies arrive. Owns no assertion.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { subscriptionInteractions } from '../spine/nems/event-types.ts';
import { makeCrossOrganisationToken } from '../spine/sso/make-token.ts';
import { manage } from './gateway-ground.ts';
import { liveSystem, type LiveSystem, type Sent, type SystemAsk } from './live-system.ts';
import { meshCaller, type MeshAnswer } from './mesh-ground.ts';
import { callTls, type TlsAnswer } from './mutual-tls-ground.ts';
import { until } from './postman-ground.ts';
import { root, type TestPlatform } from './start-platform.ts';

/** The national services of the default directory. */
export const national = '928942012545';
export const write = (code: string) => `urn:nhs:names:services:events:${code}.Write`;

/** A child of the default patients, as events and demographics know it. */
export const child = {
  nhsNumber: '9990004609',
  family: 'Powell',
  birthDate: '2026-09-27',
  practice: 'Y90537',
};

export const example = (name: string) =>
  readFileSync(join(root, 'fixtures', 'nems', 'messages', name), 'utf8');

/** What a call may have otherwise than a good one. */
export interface NemsSent {
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Fields that are left out. */
  readonly without?: readonly string[];
  readonly scope?: string;
  readonly body?: string;
  readonly certificate?: Sent | undefined;
  readonly path?: string;
}

export interface NemsSystem extends LiveSystem {
  publish(body: string, sent?: NemsSent): Promise<TlsAnswer>;
  subscribe(body: string, sent?: NemsSent): Promise<TlsAnswer>;
  read(id: string, sent?: NemsSent): Promise<TlsAnswer>;
  remove(id: string, sent?: NemsSent): Promise<TlsAnswer>;
  call(method: string, path: string, interaction: string, sent?: NemsSent): Promise<TlsAnswer>;
}

const everything = [
  ...Object.values(subscriptionInteractions),
  ...['Vaccinations', 'Newbornhearing', 'pds-change-of-gp-1'].map(write),
];

/** A system of an organisation, in the sandbox unless told otherwise. */
export async function nemsSystem(platform: TestPlatform, ask: SystemAsk = {}): Promise<NemsSystem> {
  const { odsCode = 'Y90001', interactions = everything, environment = 'sandbox' } = ask;
  return nemsCaller(platform, await liveSystem(platform, { odsCode, interactions, environment }));
}

/** The calls of a system that is registered already. */
export function nemsCaller(
  platform: Pick<TestPlatform, 'url'> & Partial<Pick<TestPlatform, 'tls'>>,
  system: LiveSystem,
): NemsSystem {
  const { odsCode, environment } = system.deployment;
  const prefix = environment === 'sandbox' ? '' : '/env/int';
  const token = (scope: string) =>
    makeCrossOrganisationToken({
      ...{ profile: 'spine', issuer: 'https://ward.example', now: Date.now() },
      ...{ audience: `${platform.url}${prefix}/STU3`, reason: 'directcare', scopes: [scope] },
      ...{ asid: system.asid, odsCode },
    });
  const call: NemsSystem['call'] = (method, path, interaction, sent = {}) => {
    const { certificate = system.sent, scope = scopeOf(method, path), body, without = [] } = sent;
    const headers = {
      ...{ fromASID: system.asid, toASID: national, InteractionID: interaction },
      authorization: `Bearer ${token(scope)}`,
      ...(body === undefined ? {} : { 'content-type': 'application/fhir+xml' }),
      ...sent.headers,
    };
    const kept = Object.entries(headers).filter(([name]) => !without.includes(name));
    if (certificate.cert === '')
      return plainly(`${platform.url}${prefix}${path}`, method, Object.fromEntries(kept), body);
    const { cert, key } = certificate;
    return callTls(platform.tls?.test ?? 0, `${prefix}${path}`, undefined, {
      ...{ cert, key, method, headers: Object.fromEntries(kept) },
      ...(body === undefined ? {} : { body }),
    });
  };
  const { create, read, remove } = subscriptionInteractions;
  return {
    ...system,
    call,
    publish: (body, sent = {}) =>
      call('POST', sent.path ?? '/STU3/Events/1/$process-message', write('Vaccinations'), {
        body,
        ...sent,
      }),
    subscribe: (body, sent) => call('POST', '/STU3/Subscription', create, { body, ...sent }),
    read: (id, sent) => call('GET', `/STU3/Subscription/${id}`, read, sent),
    remove: (id, sent) => call('DELETE', `/STU3/Subscription/${id}`, remove, sent),
  };
}

/** Over the port that asks for no certificate. */
async function plainly(
  url: string,
  method: string,
  headers: Readonly<Record<string, string | string[]>>,
  body: string | undefined,
): Promise<TlsAnswer> {
  const fields = new Headers(
    Object.entries(headers).flatMap(([name, value]) =>
      [value].flat().map((one) => [name, one] as [string, string]),
    ),
  );
  const answer = await fetch(url, {
    method,
    headers: fields,
    ...(body === undefined ? {} : { body }),
  });
  return {
    ...{ status: answer.status, headers: Object.fromEntries(answer.headers) },
    text: await answer.text(),
  };
}

/** No certificate at all, over the port that asks for none. */
export const uncertified: Sent = { cert: '', key: '', thumbprint: '' };

function scopeOf(method: string, path: string): string {
  if (path.includes('/Events')) return 'patient/Bundle.write';
  return `patient/Subscription.${method === 'GET' ? 'read' : 'write'}`;
}

/** A subscription in XML. @param criteria what stands behind the beginning, with plain `&` */
export function subscription(
  criteria: string,
  { mailbox = 'Y90001GP001', odsCode = 'Y90001', more = '' } = {},
): string {
  const contact = `https://directory.spineservices.nhs.uk/STU3/Organization/${odsCode}`;
  const escaped = `/Bundle?type=message${criteria}`.replaceAll('&', '&amp;');
  return `<Subscription xmlns="http://hl7.org/fhir"><status value="requested"/>
    <contact><system value="url"/><value value="${contact}"/><use value="work"/></contact>${more}
    <reason value="A test"/><criteria value="${escaped}"/>
    <channel><type value="message"/><endpoint value="${mailbox}"/></channel></Subscription>`;
}

/** The id in `Location`. */
export function idIn({ status, headers, text }: TlsAnswer): string {
  const id = /\/STU3\/Subscription\/([0-9a-f]{32})$/.exec(String(headers.location))?.[1];
  if (status !== 201 || id === undefined) throw new Error(`${status} ${text}`);
  return id;
}

/** An event message about somebody, with an id of its own. */
export function event(about: Partial<typeof child> & { id?: string; code?: string } = {}): string {
  const { nhsNumber, family, birthDate, id, code } = {
    ...{ ...child, id: crypto.randomUUID(), code: 'vaccinations-1' },
    ...about,
  };
  return example('request-vaccinations-1.xml')
    .replaceAll('0b6f2b1e-6d0c-4a55-9a5f-5a3f0a7e1c11', id)
    .replaceAll(child.nhsNumber, nhsNumber)
    .replaceAll(child.family, family)
    .replaceAll(child.birthDate, birthDate)
    .replace('value="vaccinations-1"', `value="${code}"`);
}

/** The next message of a mailbox, taken out of it. */
export async function arrived(
  platform: TestPlatform,
  mailbox = 'Y90001GP001',
): Promise<MeshAnswer> {
  const box = meshCaller(platform.url, mailbox);
  const id = await until(async () => {
    const [first] = (await box.inbox()).json.messages as string[];
    return first;
  }, `a message for ${mailbox}`);
  const message = await box.fetch(id);
  await box.acknowledge(id);
  return message;
}

/** How many messages wait in a mailbox. */
export async function waiting(platform: TestPlatform, mailbox = 'Y90001GP001'): Promise<number> {
  const { json } = await meshCaller(platform.url, mailbox).inbox();
  return (json.messages as string[]).length;
}

/** The code and diagnostics of a refusal in XML. */
export function refusalIn({ text }: TlsAnswer): { readonly code: string; readonly why: string } {
  const code = /<system value="[^"]*Spine-ErrorOrWarningCode-1"\/><code value="([A-Z_]+)"/.exec(
    text,
  );
  const why = /<diagnostics value="([^"]*)"/.exec(text);
  return { code: code?.[1] ?? text, why: why?.[1] ?? '' };
}

/** Sets states of life of event types over the management API. */
export async function lifeOf(platform: TestPlatform) {
  const ask = await manage(platform, Date.now);
  return {
    ask,
    setLife: (code: string, life: Readonly<Record<string, unknown>>) =>
      ask('PUT', `/events/sandbox/types/${code}`, life),
  };
}
