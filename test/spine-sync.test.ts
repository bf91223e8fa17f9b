import assert from 'node:assert/strict';
import { join } from 'node:path';
import { searchAudit } from '../server/audit/search.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { allOf } from './audit-folder.ts';
import { post, practice, retrievalOf, services, soapRequest, spine } from './spine-messages.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const id = () => crypto.randomUUID().toUpperCase();

describe('synchronous messages of Spine', () => {
  let platform: TestPlatform;
  const send = (body: string, path = '/sync-service', headers?: Record<string, string>) =>
    post(platform.url + path, body, headers);

  before(async function () {
    this.timeout(60_000);
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  it('answers a retrieval on both addresses with the record that the FHIR face has', async () => {
    for (const path of ['/sync-service', '/syncservice-pds/pds']) {
      const messageId = id();
      const answer = await send(soapRequest(retrievalOf('9000000009', messageId)), path);
      assert.deepEqual([answer.status, answer.type], [200, 'text/xml; charset=utf-8'], answer.text);
      assert.match(answer.text, /retrievalQueryResponse/);
      assert.match(answer.text, /QUPA_IN000009UK03/);
      assert.match(answer.text, new RegExp(`RelatesTo>uuid:${messageId}<`));
      assert.match(answer.text, /Smith/);
    }
  });

  it('answers what is no business of the envelope with 200 and an acknowledgement', async () => {
    const answer = await send(soapRequest(retrievalOf('9876543210', id())));
    assert.equal(answer.status, 200);
    assert.match(answer.text, /typeCode="AE"/);
  });

  it('enters the person into the audit before the answer, and keeps the log free of them', async () => {
    const messageId = id();
    await send(soapRequest(retrievalOf('9000000009', messageId)));
    const filter = { patient: '9000000009' };
    const entries = await allOf(searchAudit(join(platform.dataDir, 'audit'), filter));
    const own = entries.filter(({ requestId }) => requestId === messageId);
    assert.deepEqual(
      own.map(({ api, action, status, workspace }) => [api, action, status, workspace]),
      [['spine-sync', `POST ${services}pdsquery:QUPA_IN000008UK02`, 200, 'shared']],
    );
    assert.equal(platform.logged().includes('9000000009'), false);
  });

  it('refuses who is not in the directory, or not accredited, with fault 300', async () => {
    const sound = retrievalOf('9000000009', id());
    const [pharmacy] = await openDirectory(platform.store)
      .in('shared')
      .systems({ interaction: `${services}mm:PORX_IN132004UK30` }, 1);
    const cases = {
      SENDER_ASID_UNKNOWN: { senderAsid: '299999999999' },
      SENDER_ASID_NOT_ACCREDITED: { senderAsid: pharmacy?.asid ?? '', action: 'QUPA_IN000008UK05' },
      RECEIVER_ASID_UNKNOWN: { receiverAsid: '299999999999' },
      RECEIVER_ASID_NOT_ACCREDITED: { receiverAsid: practice.asid },
    };
    for (const [name, change] of Object.entries(cases)) {
      const answer = await send(soapRequest({ ...sound, ...change }));
      assert.deepEqual([answer.status, answer.type], [500, 'text/xml'], name);
      assert.match(answer.text, /errorCode>300</, name);
      assert.match(answer.text, new RegExp(name));
    }
  });

  it('refuses what it does not take, and what is not well formed, with the published faults', async () => {
    const sound = soapRequest(retrievalOf('9000000009', id()));
    const xml = { 'content-type': 'text/xml' };
    const cases: readonly (readonly [string, string, Record<string, string>])[] = [
      [
        '101',
        soapRequest({ ...retrievalOf('9000000009', id()), action: 'QUPA_IN010000UK13' }),
        xml,
      ],
      ['101', soapRequest({ ...retrievalOf('9000000009', id()), service: `${services}pds` }), xml],
      ['201', sound, { ...xml, soapaction: `"${services}pdsquery/QUPA_IN000005UK01"` }],
      ['201', sound, { 'content-type': 'application/json' }],
      ['201', sound.slice(0, -10), xml],
      ['201', sound.replace('<?xml', '<!DOCTYPE x [<!ENTITY a "b">]><?xml'), xml],
      [
        '201',
        sound.replaceAll(
          `<hl7:id root="1.2.826.0.1285.0.2.0.107" extension="${spine.asid}"`,
          '<hl7:id',
        ),
        xml,
      ],
      ['201', 'x'.repeat(1_000_001), xml],
    ];
    for (const [code, body, headers] of cases) {
      const answer = await send(body, '/sync-service', headers);
      assert.deepEqual([answer.status, answer.type], [500, 'text/xml'], body.slice(0, 300));
      assert.match(answer.text, new RegExp(`errorCode>(?:${code}|300)<`), answer.text);
    }
  });

  it('asks for a certificate in integration', async () => {
    const sound = soapRequest(retrievalOf('9000000009', id()));
    const answer = await send(sound, '/env/int/sync-service');
    assert.deepEqual([answer.status, answer.type], [500, 'text/xml']);
    assert.match(answer.text, /errorCode>300</);
  });
});
