import assert from 'node:assert/strict';
import { callTls } from './mutual-tls-ground.ts';
import { liveSystem, type LiveSystem } from './live-system.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';
import {
  ebxmlRequest,
  practice,
  retrievalOf,
  services,
  soapRequest,
  spine,
} from './spine-messages.ts';
import { readEbxml } from '../spine/ebxml/envelope.ts';
import { writeEbxml } from '../spine/ebxml/write-envelope.ts';
import { contractOfPattern } from '../spine/interactions-contract.ts';
import { acknowledging } from './message-handler.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';

const id = () => crypto.randomUUID().toUpperCase();
const interaction = `${services}pdsquery:QUPA_IN000008UK02`;

describe('messages of Spine in integration', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let system: LiveSystem;
  const send = (
    body: string,
    path = '/env/int/sync-service',
    headers: Readonly<Record<string, string>> = { 'content-type': 'text/xml' },
  ) => {
    const { cert, key } = system.sent;
    const port = platform.tls?.test ?? 0;
    return callTls(port, path, undefined, { method: 'POST', cert, key, headers, body });
  };

  before(async () => {
    platform = await startTestPlatform();
    system = await liveSystem(platform, { interactions: [interaction] });
  });
  after(() => platform.end());

  it('are answered when the certificate is that of the system', async () => {
    const sent = { ...retrievalOf('9000000009', id()), senderAsid: system.asid };
    const answer = await send(soapRequest(sent));
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.text, /QUPA_IN000009UK03/);
  });

  it('are refused with fault 300 when it is that of another', async () => {
    const answer = await send(soapRequest(retrievalOf('9000000009', id())));
    assert.deepEqual([answer.status, answer.headers['content-type']], [500, 'text/xml']);
    assert.match(answer.text, /errorCode>300</);
    assert.match(answer.text, /Access to service denied: ASID_CHECK_FAILED</);
  });

  it('have their answers fetched, and repeats answered, by the system alone that sent them', async () => {
    const query = `${services}pdsquery:QUPA_IN000006UK02`;
    const ours = await liveSystem(platform, { interactions: [query] });
    const [handler] = await openDirectory(platform.store)
      .in('integration')
      .handlers({ partyKey: spine.partyKey, interaction: query }, 1);
    const sent = { ...retrievalOf('9000000009', id()), action: 'QUPA_IN000006UK02' };
    const { body, headers } = ebxmlRequest(
      { ...sent, senderAsid: ours.asid },
      {
        pattern: 'async-express',
        cpaId: handler?.cpaId ?? '',
        fromParty: ours.deployment.partyKey ?? '',
      },
    );
    const front = '/env/int/clinical';
    const call = ({ sent: { cert, key } }: LiveSystem, path: string, more = {}) =>
      callTls(platform.tls?.test ?? 0, path, undefined, { cert, key, ...more });
    const posted = { method: 'POST', headers, body: body.toString() };
    const taken = await call(ours, front, posted);
    assert.equal(taken.status, 202, taken.text);
    const place = String(taken.headers['content-location']);
    assert.match(place, /\/clinical\/_poll\//);
    for (const [path, how] of [
      [front, posted],
      [place, {}],
    ] as const) {
      const other = await call(system, path, how);
      assert.equal(other.status, 500, other.text);
      assert.equal(other.headers['content-location'], undefined);
      assert.match(other.text, /ASID_CHECK_FAILED/);
      const own = await call(ours, path, how);
      assert.ok([200, 202].includes(own.status), own.text);
    }
  });

  it('are acknowledged by nobody without an endpoint, for nothing else proves who that is', async () => {
    const envelope = readEbxml(
      writeEbxml({
        ...{ fromParty: spine.partyKey, toParty: system.deployment.partyKey ?? '', cpaId: 'S1' },
        ...{ conversationId: id(), service: `${services}pds`, action: 'MCCI_IN010000UK13' },
        ...{ messageId: id(), timestamp: '2026-11-01T12:00:00Z', references: [] },
        contract: contractOfPattern('async-reliable'),
      }),
    );
    const { body } = acknowledging(envelope);
    const answer = await send(body, '/env/int/reliablemessaging/reliablerequest');
    assert.equal(answer.status, 500);
    assert.match(answer.text, /PARTY_OF_OTHER_CERTIFICATE/);
  });

  it('are not taken in the name of another party', async () => {
    const [handler] = await openDirectory(platform.store)
      .in('integration')
      .handlers({ partyKey: practice.partyKey }, 1);
    const { body, headers } = ebxmlRequest(retrievalOf('9000000009', id()), {
      ...{ pattern: 'forward-reliable', toParty: practice.partyKey, cpaId: handler?.cpaId ?? '' },
    });
    const answer = await send(
      body.toString(),
      '/env/int/reliablemessaging/forwardreliable',
      headers,
    );
    assert.equal(answer.status, 500);
    assert.match(answer.text, /PARTY_OF_OTHER_CERTIFICATE/);
  });
});
