/**
 * An ambulance service sends a FHIR message to a hospital: looks its system up, makes the token that says who asks and why,
 * and posts to the API that finds the address through the directory. Plays both systems; the hospital judges the platform's
 * certificate, the token and the fields beside it, and does a message once. Run by ambulance-to-hospital.sh.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { parseArgs } from 'node:util';
import { checkCrossOrganisationToken } from '../../spine/sso/check-token.ts';
import { makeCrossOrganisationToken } from '../../spine/sso/make-token.ts';

const { values: flags } = parseArgs({
  options: {
    folder: { type: 'string', default: '.' },
    directory: { type: 'string', default: '' },
    api: { type: 'string', default: '' },
    interaction: { type: 'string', default: '' },
  },
});
const { folder, directory, api, interaction } = flags;
const ids = 'https://fhir.nhs.uk/Id';

/** As register-system.sh writes it. */
interface Registration {
  readonly odsCode: string;
  readonly asid: string;
  readonly fqdn: string;
  readonly port: number;
  readonly apiKey: string;
}

interface Answer {
  readonly status: number;
  readonly body: MessageBundle;
}

/** What both sides read of a Bundle. */
interface MessageBundle {
  readonly resourceType?: string;
  readonly type?: string;
  readonly id?: string;
  /** Of an OperationOutcome in its place. */
  readonly issue?: readonly { readonly diagnostics?: string }[];
  readonly entry?: readonly { readonly fullUrl?: string; readonly resource: Resource }[];
}

interface Resource {
  readonly resourceType: string;
  readonly id?: string;
  readonly focus?: readonly { readonly reference: string }[];
  readonly response?: { readonly identifier: string; readonly code: string };
  readonly [member: string]: unknown;
}

const json = (text: string) => JSON.parse(text) as MessageBundle; // read tolerantly below
const ambulance = registered('ambulance');
const hospital = registered('hospital');
const say = (who: string, line: string) => {
  console.log(`${who.padEnd(10)} ${line}`);
};

function registered(name: string): Registration {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Registration;
}

function tlsOf({ fqdn }: Registration): { key: string; cert: string; ca: string } {
  const file = (kind: string) => readFileSync(join(folder, `${fqdn}.${kind}`), 'utf8');
  return { key: file('key'), cert: file('crt'), ca: file('ca') };
}

/** A patient on the way, whom nobody is: header first, and all that it speaks of behind it. */
function messageFor(asid: string): MessageBundle {
  const [header, patient, encounter, pulse] = [1, 2, 3, 4].map(() => crypto.randomUUID());
  const number = { system: `${ids}/nhs-number`, value: '9000000009' };
  const entry = (id: string | undefined, resource: object) => ({
    fullUrl: `urn:uuid:${id ?? ''}`,
    resource: { ...(resource as Resource), id: id ?? '' },
  });
  const subject = { reference: `urn:uuid:${patient ?? ''}` };
  const class_ = {
    system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
    code: 'EMER',
    display: 'emergency',
  };
  return {
    ...{ resourceType: 'Bundle', type: 'message', id: crypto.randomUUID() },
    entry: [
      entry(header, {
        resourceType: 'MessageHeader',
        eventCoding: { system: 'https://gatehouse.test/events', code: 'ambulance-handover' },
        source: { endpoint: `https://${ambulance.fqdn}/fhir` },
        destination: [{ endpoint: `${ids}/nhsSpineASID|${asid}` }],
        focus: [{ reference: `urn:uuid:${encounter ?? ''}` }],
      }),
      entry(patient, { resourceType: 'Patient', identifier: [number] }),
      entry(encounter, {
        resourceType: 'Encounter',
        status: 'in-progress',
        class: class_,
        subject,
      }),
      entry(pulse, {
        ...{ resourceType: 'Observation', status: 'final', subject },
        code: { coding: [{ system: 'http://loinc.org', code: '8867-4', display: 'Heart rate' }] },
        valueQuantity: {
          value: 96,
          unit: '/min',
          system: 'http://unitsofmeasure.org',
          code: '/min',
        },
      }),
    ],
  };
}

// ---- the hospital ----

/** Answers by the ids of Bundle and header, which a repeat has in common. */
const answered = new Map<string, MessageBundle>();

async function takeMessage(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { CN } = (incoming.socket as TLSSocket).getPeerCertificate().subject; // a server on TLS
  const fields = incoming.headers;
  const from = String(fields['ssp-from']);
  const [, token = ''] = (fields.authorization ?? '').split(' ');
  await checkCrossOrganisationToken(token, { now: Date.now(), expectedAudience: api, asid: from });
  const wrong = [
    String(CN).startsWith('gatehouse.') ? '' : 'the certificate is not the platform’s',
    fields['ssp-to'] === hospital.asid ? '' : 'Ssp-To is another system',
    fields['ssp-interactionid'] === interaction ? '' : 'Ssp-InteractionID is another',
    incoming.url === '/fhir/$process-message' ? '' : 'this address takes messages only',
  ].find((one) => one !== '');
  const message = json(await textOf(incoming));
  const header = message.entry?.[0]?.resource;
  if (wrong !== undefined || header?.resourceType !== 'MessageHeader') {
    response.writeHead(400).end();
    say('Hospital', `refuses: ${wrong ?? 'no message'}`);
    return;
  }
  const key = `${message.id ?? ''} ${header.id ?? ''}`;
  const before = answered.get(key);
  const answer = before ?? answerTo(header);
  answered.set(key, answer);
  const kinds = (message.entry ?? []).map(({ resource }) => resource.resourceType).join(', ');
  say('Hospital', before ? 'knows this message and answers as before' : `takes ${kinds}`);
  response.setHeader('content-type', 'application/fhir+json').end(JSON.stringify(answer));
}

function answerTo({ id = '', ...header }: Resource): MessageBundle {
  const resource = {
    ...{ resourceType: 'MessageHeader', id: crypto.randomUUID(), eventCoding: header.eventCoding },
    source: { endpoint: `https://${hospital.fqdn}/fhir` },
    response: { identifier: id, code: 'ok' },
  };
  const fullUrl = `urn:uuid:${resource.id}`;
  return {
    ...{ resourceType: 'Bundle', type: 'message', id: crypto.randomUUID() },
    entry: [{ fullUrl, resource }],
  };
}

// ---- the ambulance service ----

/** The identifier of the one system or endpoint that the directory has for an organisation. */
async function findOne(kind: string, odsCode: string, more: string, name: string): Promise<string> {
  const query = new URLSearchParams({ organization: `${ids}/ods-organization-code|${odsCode}` });
  query.append('identifier', `${ids}/nhsServiceInteractionId|${interaction}`);
  if (more !== '') query.append('identifier', `${ids}/nhsMhsPartyKey|${more}`);
  const headers = { apikey: ambulance.apiKey, 'x-request-id': crypto.randomUUID() };
  const response = await fetch(`${directory}/${kind}?${query.toString()}`, { headers });
  const resource = json(await response.text()).entry?.[0]?.resource;
  if (name === 'address') return String(resource?.address);
  const all = resource?.identifier as readonly { system: string; value: string }[] | undefined; // SDS FHIR's
  return all?.find(({ system }) => system === `${ids}/${name}`)?.value ?? '';
}

async function send(odsCode: string, message: MessageBundle): Promise<Answer> {
  const token = makeCrossOrganisationToken({
    ...{ profile: 'spine', issuer: `https://${ambulance.fqdn}`, audience: api, now: Date.now() },
    ...{ reason: 'directcare', scopes: ['patient/*.write'] },
    ...{ asid: ambulance.asid, odsCode: ambulance.odsCode },
  });
  const text = JSON.stringify(message);
  const outgoing = request(`${api}/${odsCode}/$process-message`, {
    ...{ method: 'POST', agent: false, ...tlsOf(ambulance) },
    headers: {
      ...{ 'content-type': 'application/fhir+json', 'content-length': Buffer.byteLength(text) },
      ...{ authorization: `Bearer ${token}`, 'x-request-id': crypto.randomUUID() },
      ...{ 'ssp-traceid': crypto.randomUUID(), 'ssp-from': ambulance.asid },
    },
  });
  outgoing.end(text);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]; // its only argument
  return { status: response.statusCode ?? 0, body: json(await textOf(response)) };
}

function toldIn({ status, body }: Answer): string {
  return `${status} ${body.issue?.[0]?.diagnostics ?? ''}`;
}

async function textOf(source: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of source as AsyncIterable<Buffer>) chunks.push(chunk); // no encoding is set
  return Buffer.concat(chunks).toString();
}

const options = { ...tlsOf(hospital), requestCert: true, rejectUnauthorized: true };
const server = createServer(options, (incoming, response) => {
  takeMessage(incoming, response).catch((error: unknown) => {
    say('Hospital', `refuses: ${error instanceof Error ? error.message : ''}`);
    response.writeHead(403).end();
  });
});
server.listen(hospital.port, '127.0.0.1');
await once(server, 'listening');

const partyKey = await findOne('Device', hospital.odsCode, '', 'nhsMhsPartyKey');
const asid = await findOne('Device', hospital.odsCode, '', 'nhsSpineASID');
const address = await findOne('Endpoint', hospital.odsCode, partyKey, 'address');
say('Ambulance', `finds ${hospital.odsCode}: ASID ${asid}, party key ${partyKey}, ${address}`);
const message = messageFor(asid);
const header = message.entry?.[0]?.resource.id;
const first = await send(hospital.odsCode, message);
const reply = first.body.entry?.[0]?.resource.response;
const isReply = first.status === 200 && reply?.code === 'ok' && reply.identifier === header;
say('Ambulance', `is answered ${isReply ? 'in reply to its message: ok' : toldIn(first)}`);
const again = await send(hospital.odsCode, message);
const same = again.body.id === first.body.id;
say('Ambulance', `sends it again and has ${same ? 'the same answer' : 'ANOTHER ANSWER'}`);
const elsewhere = await send('R9E', message);
say('Ambulance', `sends to R9E, which takes no such messages: ${toldIn(elsewhere)}`);
server.close();
server.closeAllConnections();
const right = isReply && same && elsewhere.status === 404;
console.log(right ? 'The hospital knows' : 'The hospital does not know');
process.exitCode = right ? 0 : 1;
