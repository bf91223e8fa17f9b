/** One proxied example of each technology that Apis are of, and that what the gateway proxies streams both ways. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deployApi } from './gateway-ground.ts';
import { ebxmlRequest, post, practice, retrievalOf, soapRequest } from './spine-messages.ts';
import { call, startTestPlatform, type TestPlatform } from './start-platform.ts';

const id = () => crypto.randomUUID().toUpperCase();

/** What a back end was asked, whole. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly bytes: Buffer;
}

describe('technologies over the gateway', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let origin: Server;
  let url: string;
  const asked: Asked[] = [];
  /** How the next request is answered. */
  let answer: (incoming: IncomingMessage) => { type: string; body: string | Buffer };
  /** Takes a request in place of all else. */
  let taken: ((incoming: IncomingMessage, write: StreamedAnswer) => void) | undefined;

  interface StreamedAnswer {
    readonly write: (text: string) => void;
    readonly end: (text: string) => void;
  }

  before(async () => {
    origin = createServer((incoming, response) => {
      if (taken) {
        taken(incoming, {
          write: (text) => response.write(text),
          end: (text) => response.end(text),
        });
        return;
      }
      void bytesOf(incoming).then((bytes) => {
        const { method = '', url: path = '', headers } = incoming;
        asked.push({ method, path, type: headers['content-type'] ?? '', bytes });
        const { type, body } = answer(incoming);
        response.setHeader('content-type', type).end(body);
      });
    }).listen(0, '127.0.0.1');
    await once(origin, 'listening');
    url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`; // it listens on a port
    platform = await startTestPlatform();
  });
  after(async () => {
    origin.close();
    origin.closeAllConnections();
    await platform.end();
  });
  beforeEach(() => {
    asked.length = 0;
    taken = undefined;
  });

  async function bytesOf(source: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of source as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** An Api of this technology over the back end, or over an address of this platform. */
  const proxied = (name: string, technology: 'rest' | 'fhir' | 'soap', to = url) =>
    deployApi(platform, { id: name, technology, backend: { kind: 'http', url: to } });

  const exchange = async (address: string, type: string, sent: Buffer, back: Buffer) => {
    answer = () => ({ type, body: back });
    const init = { method: 'POST', headers: { 'content-type': type }, body: new Uint8Array(sent) };
    const response = await fetch(address, init);
    const got = Buffer.from(await response.arrayBuffer());
    assert.deepEqual([response.status, response.headers.get('content-type')], [200, type]);
    assert.ok(got.equals(back), type);
    const [one] = asked.splice(0);
    assert.equal(one?.type, type);
    assert.ok(one.bytes.equals(sent), type);
  };

  it('R176 pass one example each: REST, FHIR, HL7 V3, SOAP and others', async () => {
    const rest = await proxied('rest-example', 'rest');
    answer = () => ({ type: 'application/json', body: '{"ward":7}' });
    const ward = await call(`${rest}/wards/7?beds=all`);
    assert.deepEqual([ward.status, ward.json], [200, { ward: 7 }]);
    assert.deepEqual(
      asked.splice(0).map(({ method, path }) => [method, path]),
      [['GET', '/wards/7?beds=all']],
    );

    const pds = await proxied('fhir-example', 'fhir', platform.base);
    const described = await call(`${pds}/metadata`);
    const { json: own } = await platform.call('/metadata');
    assert.deepEqual({ ...described.json, date: own.date }, own);
    assert.equal(described.json.resourceType, 'CapabilityStatement');
    const fhir = await proxied('fhir-records', 'fhir');
    const patient = Buffer.from('{"resourceType": "Patient",  "id": "1"}');
    await exchange(fhir, 'application/fhir+json; fhirVersion=4.0', patient, patient);

    // A retrieval in HL7 V3 over SOAP, answered by Spine messaging behind the proxy.
    const hl7 = await proxied('hl7v3-example', 'soap', `${platform.url}/sync-service`);
    const messageId = id();
    const record = await post(hl7, soapRequest(retrievalOf('9000000009', messageId)));
    assert.equal(record.status, 200, record.text);
    assert.match(record.text, /QUPA_IN000009UK03[^]*Smith/);
    assert.match(record.text, new RegExp(`RelatesTo>uuid:${messageId}<`));

    // A message in ebXML is refused by Spine messaging in its own words, which pass through the proxy as they are.
    const spine = `${platform.url}/reliablemessaging/forwardreliable`;
    const ebxml = await proxied('ebxml-example', 'soap', spine);
    const { body, headers } = ebxmlRequest(retrievalOf('9000000009', id()), {
      ...{ pattern: 'forward-reliable', toParty: practice.partyKey, cpaId: 'S0000' },
    });
    const refused = await post(ebxml, body, headers);
    assert.deepEqual([refused.status, refused.type], [200, 'text/xml']);
    assert.match(refused.text, /eb:Error /);

    const soap = await proxied('soap-example', 'soap');
    const envelope = (version: string) =>
      Buffer.from(`<e:Envelope xmlns:e="${version}"><e:Body><ask/></e:Body></e:Envelope>`);
    const soap11 = envelope('http://schemas.xmlsoap.org/soap/envelope/');
    const soap12 = envelope('http://www.w3.org/2003/05/soap-envelope');
    await exchange(soap, 'text/xml; charset=utf-8', soap11, soap11);
    await exchange(soap, 'application/soap+xml; action="urn:ask"', soap12, soap12);

    const others = await proxied('other-examples', 'rest');
    const query = Buffer.from('{"query":"{ ward(id: 7) { beds } }"}');
    await exchange(others, 'application/graphql-response+json', query, Buffer.from('{"data":{}}'));
    await exchange(
      others,
      'text/csv; header=present',
      Buffer.from('a,b\r\n1,2\r\n'),
      Buffer.from('ok\r\n'),
    );
    await exchange(
      others,
      'application/hl7-v2',
      Buffer.from('MSH|^~\\&|A|B\r'),
      Buffer.from('MSA|AA\r'),
    );
    await exchange(others, 'application/dicom', randomBytes(200_000), randomBytes(200_000));
  });

  it('tells refusals of its own in the words of each technology', async () => {
    const closed = 'http://127.0.0.1:1';
    const cases = [
      ['rest', 'application/problem+json', /"status":502/],
      ['fhir', 'application/fhir+json', /"resourceType":"OperationOutcome"/],
      ['soap', 'text/xml', /Fault>/],
    ] as const;
    for (const [technology, type, text] of cases) {
      const address = await proxied(`closed-${technology}`, technology, closed);
      const refused = await call(address);
      assert.equal(refused.status, 502, refused.text);
      assert.equal(refused.headers.get('content-type')?.split(';')[0], type);
      assert.match(refused.text, text);
    }
  });

  it('R163 pass through while they stream: each side has the first part before the other has sent the last', async () => {
    const address = await proxied('streaming', 'rest');
    const arrived = new Promise<string>((resolve) => {
      taken = (incoming, back) => {
        incoming.setEncoding('utf8');
        incoming.once('data', (text: string) => {
          resolve(text);
          back.write('first back\n');
          let rest = '';
          incoming.on('data', (more: string) => (rest += more));
          incoming.on('end', () => {
            back.end(`${rest} came`);
          });
        });
      };
    });
    const outgoing = request(address, { method: 'POST', agent: false });
    outgoing.write('first there\n');
    // The caller has more to send, and the back end has the beginning already, and the caller its answer's.
    assert.equal(await arrived, 'first there\n');
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]; // its only argument
    response.setEncoding('utf8');
    const parts = response[Symbol.asyncIterator]() as AsyncIterator<string>; // as its encoding says
    assert.equal((await parts.next()).value, 'first back\n');
    outgoing.end('the last');
    let rest = '';
    for (let part = await parts.next(); part.done !== true; part = await parts.next())
      rest += part.value;
    assert.deepEqual([response.statusCode, rest], [200, 'the last came']);
    assert.equal(response.complete, true);
  });
});
