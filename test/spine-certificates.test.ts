import assert from 'node:assert/strict';
import { callTls } from './mutual-tls-ground.ts';
import { liveSystem, type LiveSystem } from './live-system.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';
import { ebxmlRequest, practice, retrievalOf, services, soapRequest } from './spine-messages.ts';
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
