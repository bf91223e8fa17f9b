/** Messages, a hospital that takes them, and its place in the directory, for tests of FHIR messaging over real sockets. */
import { directoryHooks } from '../server/accredited-hooks-directory.ts';
import type { Environment } from '../server/catalogue/environments.ts';
import { contractFlags } from '../server/catalogue/systems/contracts.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import type { TestPlatform } from './start-platform.ts';

const interaction = 'urn:nhs:names:services:gatehouse:fhir:operation:process-message-1';
const eventSystem = 'https://gatehouse.test/events';
const ods = 'https://fhir.nhs.uk/Id/ods-organization-code';
const base = '/fhir-messaging/FHIR/R4';

/** What a test wants to be otherwise. */
export interface Wish {
  readonly bundle?: string;
  readonly header?: string;
  readonly event?: string;
  readonly destination?: object;
  readonly source?: string;
  readonly patient?: string;
  /** Members of the MessageHeader. */
  readonly more?: object;
}

/** An ambulance service tells a hospital of a patient on the way. */
export function messageOf(wish: Wish = {}) {
  const { bundle = crypto.randomUUID(), header = crypto.randomUUID() } = wish;
  const patient = crypto.randomUUID();
  const entry = (id: string, resource: object) => ({
    fullUrl: `urn:uuid:${id}`,
    resource: { ...resource, id },
  });
  return {
    ...{ resourceType: 'Bundle', type: 'message', id: bundle },
    entry: [
      entry(header, {
        resourceType: 'MessageHeader',
        eventCoding: { system: eventSystem, code: wish.event ?? 'ambulance-handover' },
        destination: [wish.destination ?? { endpoint: 'urn:nhs-uk:addressing:ods:R9A' }],
        sender: { identifier: { system: ods, value: 'R9C' } },
        source: { endpoint: wish.source ?? 'https://ambulance.example/fhir' },
        focus: [{ reference: `urn:uuid:${patient}` }],
        ...wish.more,
      }),
      entry(patient, {
        resourceType: 'Patient',
        identifier: [
          { system: 'https://fhir.nhs.uk/Id/nhs-number', value: wish.patient ?? '9000000009' },
        ],
      }),
    ],
  };
}

/** The answer of a receiver. */
export function answerTo(header: string, code = 'ok') {
  const id = crypto.randomUUID();
  const resource = {
    ...{ resourceType: 'MessageHeader', id, response: { identifier: header, code } },
    eventCoding: { system: eventSystem, code: 'ambulance-handover' },
    source: { endpoint: 'https://hospital.example/fhir' },
  };
  const entry = [{ fullUrl: `urn:uuid:${id}`, resource }];
  return JSON.stringify({
    resourceType: 'Bundle',
    type: 'message',
    id: crypto.randomUUID(),
    entry,
  });
}

export interface MessagingAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** Parsed; loosely typed, for tests look into it by path. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test names the members it expects
  readonly json: any;
}

export interface SendOptions {
  readonly query?: string;
  readonly type?: string;
  readonly token?: string;
  /** In front of the base: `/env/int`. */
  readonly environment?: string;
}

/** Sends what is given; text as it is, all else as JSON. */
export async function sendMessage(
  url: string,
  body: unknown,
  { query = '', type = 'application/fhir+json', token, environment = '' }: SendOptions = {},
): Promise<MessagingAnswer> {
  const response = await fetch(`${url}${environment}${base}/$process-message${query}`, {
    method: 'POST',
    headers: {
      'content-type': type,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return answered(response);
}

export async function readOpen(url: string, path: string): Promise<MessagingAnswer> {
  return answered(await fetch(`${url}${base}${path}`));
}

async function answered(response: Response): Promise<MessagingAnswer> {
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  const json = text === '' ? undefined : (JSON.parse(text) as unknown);
  return { status: response.status, type, text, json };
}

let made = 0;

/** Puts a system with an endpoint for messages into the directory of an environment. @returns its ASID */
export async function putReceiver(
  { store }: Pick<TestPlatform, 'store'>,
  odsCode: string,
  url: string,
  environment: Environment = 'sandbox',
): Promise<string> {
  const number = ++made;
  const step = { by: 'test', at: 0 };
  const asid = String(917_000_000_000 + number);
  const entry = {
    ...{ odsCode, partyKey: `${odsCode}-${800_000 + number}`, manufacturer: 'Y90001' },
    ...{ product: { name: 'Ward round', version: '1' }, requested: step, approved: step },
  };
  const hooks = directoryHooks(openDirectory(store));
  await hooks.putSystem(environment, { ...entry, asid, interactions: [interaction] }, 'test');
  const id = `s${String(19_000_000 + number)}`;
  const flags = contractFlags.synchronous;
  const fqdn = 'system.example'; // is not asked without TLS
  await hooks.putHandler(environment, { ...entry, id, url, fqdn, interaction, flags }, 'test');
  return asid;
}
