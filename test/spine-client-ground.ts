/**
 * A platform whose PDS asks over Spine messages, and whose own Spine faces may be who answers: a system of its own with
 * certificate and endpoints, and the national services at this machine. Owns no assertion.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { handlerEntry, partsOf, systemEntry } from '../spine/sds/service-entries.ts';
import type { Directory, MessageHandler } from '../spine/sds/directory.ts';
import { contractOfPattern } from '../spine/interactions-contract.ts';
import { interactionOf } from '../spine/interactions.ts';
import { manage } from './gateway-ground.ts';
import { liveSystem, type LiveSystem } from './live-system.ts';
import { services, spine } from './spine-messages.ts';
import type { TestPlatform } from './start-platform.ts';

const asked = [
  ...['QUPA_IN000005UK01', 'QUPA_IN000006UK02', 'QUPA_IN000008UK02'].map(
    (action) => `${services}pdsquery:${action}`,
  ),
  ...['PRPA_IN000200UK03', 'PRPA_IN000203UK03', 'PRPA_IN000205UK03'].map(
    (action) => `${services}pds:${action}`,
  ),
];
const answered = [
  ...['QUPA_IN000011UK02', 'QUQI_IN010000UK14', 'MCCI_IN010000UK13'].map(
    (action) => `${services}pdsquery:${action}`,
  ),
  ...['PRPA_IN000201UK01', 'PRPA_IN000202UK01', 'PRPA_IN000206UK01', 'MCCI_IN010000UK13'].map(
    (action) => `${services}pds:${action}`,
  ),
];

const ownParty = 'Y90001-910001';

/** The parties in a directory, as sender and receiver must have them alike. */
export interface Parties {
  /** Where the national services receive; undefined: the endpoints are taken away. */
  nationalAt(address: Addressed | undefined): Promise<void>;
  /** Where our own party receives. */
  ownAt(address: Addressed): Promise<void>;
  /** Where the national services receive one interaction. */
  endpointAt(interaction: string, address: Addressed | undefined): Promise<void>;
}

export interface Addressed {
  /** Origin. */
  readonly url: string;
  readonly fqdn: string;
  readonly retryInterval?: string;
  readonly retries?: string;
}

/** Our own system and the national services in a view. @param names by which certificates of senders are known */
export function partiesIn(
  view: Directory,
  asid: string,
  names: { readonly national: string; readonly own: string },
): Parties {
  const nowhere = { url: 'https://localhost:1', fqdn: '' };
  return {
    async nationalAt(address) {
      await accredit(view, spine.asid, asked);
      for (const interaction of asked) await putEndpoint(view, national(interaction, address));
      const sender = { ...nowhere, fqdn: names.national };
      await putEndpoint(view, national(`${services}tms:Sender`, sender));
    },
    endpointAt: (interaction, address) => putEndpoint(view, national(interaction, address)),
    async ownAt(address) {
      const entry = systemEntry(
        {
          ...{ asid, odsCode: 'Y90001', partyKey: ownParty, clients: ['Y90001'], product },
          interactions: [...asked, ...answered],
        },
        approval,
      );
      await ((await view.entry(entry.dn)) ? view.replace(entry, 'test') : view.add(entry, 'test'));
      for (const interaction of answered) await putEndpoint(view, own(interaction, address));
      const sender = { ...nowhere, fqdn: names.own };
      await putEndpoint(view, own(`${services}tms:Sender`, sender));
    },
  };
}

export interface SpineClientGround extends Parties {
  readonly system: LiveSystem;
  /** The config `records` of the Proxy. */
  readonly records: Readonly<Record<string, unknown>>;
  readonly view: Directory;
}

/** In the sandbox, whose Spine faces believe in certificates and in calls without one. */
export async function spineClientGround(platform: TestPlatform): Promise<SpineClientGround> {
  const environment = 'sandbox';
  const view = openDirectory(platform.store).in('shared');
  const system = await liveSystem(platform, {
    ...{ environment, interactions: [...asked, ...answered], partyKey: ownParty },
  });
  const ask = await manage(platform, Date.now);
  const { cert, key } = system.sent;
  const path = '/apis/personal-demographics/environments/sandbox/secrets/spine-client';
  const secret = await ask('PUT', path, { value: cert + key });
  if (secret.status >= 300) throw new Error(secret.text);
  await enrolPlatform(platform);
  const names = { national: platformName(platform), own: system.fqdn };
  return {
    ...{ system, view, ...partiesIn(view, system.asid, names) },
    records: {
      ...{ kind: 'spine', asid: system.asid, timeout: 20, extras: true },
      user: { id: '555254239107', role: '555254240100' },
      security: { kind: 'mtls', secret: 'spine-client' },
    },
  };
}

/** The platform's own listener for mutual TLS, whose certificate bears this name. */
export function ownListener({ tls }: TestPlatform): Addressed {
  return { url: `https://localhost:${tls?.test ?? 0}`, fqdn: 'localhost', retryInterval: 'PT1S' };
}

function platformName({ certificates }: TestPlatform): string {
  return `gatehouse.${certificates.domains('sandbox')[0] ?? ''}`;
}

/** The certificate that the platform shows as the national services must be known to the gate, as theirs would be. */
async function enrolPlatform(platform: TestPlatform): Promise<void> {
  const file = join(platform.dataDir, 'certs', 'sandbox', 'platform.pem');
  const text = readFileSync(file, 'utf8');
  const pem = text.slice(text.indexOf('-----BEGIN CERTIFICATE-----'));
  const fqdn = platformName(platform);
  const holder = { environment: 'sandbox', deployment: 'spine', partyKey: spine.partyKey };
  await platform.certificates.register.enrol({
    pem,
    holder: { ...holder, fqdn, profile: 'endpoint' },
    ...{ by: 'test', approvedBy: 'another' },
  });
}

async function accredit(view: Directory, asid: string, more: readonly string[]): Promise<void> {
  const entry = await view.entry(`uniqueIdentifier=${asid},ou=Services,o=nhs`);
  if (!entry) throw new Error('the national services are not there');
  const all = [...new Set([...(entry.attributes.nhsAsSvcIA ?? []), ...more])];
  await view.replace({ ...entry, attributes: { ...entry.attributes, nhsAsSvcIA: all } }, 'test');
}

const approval = {
  ...{ requestor: '1', requested: '20260101000000', approver: '1', approved: '20260101000000' },
};
const product = { key: '20000', name: 'Spine', version: '2.0' };

function national(interaction: string, address: Addressed | undefined) {
  const pattern = interactionOf(interaction)?.pattern ?? 'sync';
  const path = pattern === 'sync' ? '/sync-service' : '/reliablemessaging/reliablerequest';
  return { interaction, odsCode: 'YES', partyKey: spine.partyKey, address, path };
}

function own(interaction: string, address: Addressed) {
  return { interaction, odsCode: 'Y90001', partyKey: ownParty, address, path: '/spine-inbound' };
}

interface Endpoint {
  readonly interaction: string;
  readonly odsCode: string;
  readonly partyKey: string;
  readonly address: Addressed | undefined;
  readonly path: string;
}

/** One endpoint for an interaction, in place of those that are there. */
async function putEndpoint(view: Directory, endpoint: Endpoint): Promise<void> {
  const { interaction, odsCode, partyKey, address, path } = endpoint;
  for (const { id } of await view.handlers({ partyKey, interaction }))
    await view.remove(`uniqueIdentifier=${id},ou=Services,o=nhs`, 'test');
  if (!address) return;
  const pattern = answered.includes(interaction)
    ? interaction.includes('pdsquery')
      ? 'async-express'
      : 'async-reliable'
    : (interactionOf(interaction)?.pattern ?? 'sync');
  const { ackRequested, duplicateElimination, syncReply } = contractOfPattern(pattern);
  const id = `T${partyKey.slice(0, 3)}${partsOf(interaction).action}${interaction.includes('query') ? 'Q' : ''}`;
  const said = (presence: string) => (presence === 'required' ? 'always' : 'never');
  const handler: MessageHandler = {
    ...{ id, cpaId: id, odsCode, partyKey, interaction, ...partsOf(interaction), product },
    ...{ endpoints: [address.url + path], fqdn: address.fqdn, interactionType: 'HL7' },
    ...{ ackRequested: said(ackRequested), duplicateElimination: said(duplicateElimination) },
    syncReplyMode: syncReply === 'required' ? 'MSHSignalsOnly' : 'None',
    actors: ackRequested === 'required' ? ['urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH'] : [],
    ...(ackRequested === 'required'
      ? {
          retries: address.retries ?? '2',
          retryInterval: address.retryInterval ?? 'PT1M',
          persistDuration: 'PT5M',
        }
      : {}),
  };
  await view.add(
    handlerEntry(handler, { authenticated: 'transient', template: '3' }, approval),
    'test',
  );
}
