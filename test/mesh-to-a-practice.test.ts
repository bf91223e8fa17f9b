import assert from 'node:assert/strict';
import { join } from 'node:path';
import { searchAudit } from '../server/audit/search.ts';
import { allOf } from './audit-folder.ts';
import { meshCaller, v2, type MeshCallerOf } from './mesh-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const workflow = 'TOC_FHIR_IP_DISCH';

describe("messages to a patient's practice, and sends that are repeated", () => {
  let platform: TestPlatform;
  let hospital: MeshCallerOf;
  let address = { number: '', born: '', family: '', practice: '' };

  before(async function () {
    this.timeout(60_000);
    platform = await startTestPlatform({});
    hospital = meshCaller(platform.url, 'X26ABC1');
    const { json } = await platform.call('/Patient/9000000009');
    address = {
      number: '9000000009',
      born: json.birthDate.replaceAll('-', ''),
      family: json.name[0].family,
      practice: json.generalPractitioner[0].identifier.value,
    };
  });
  after(() => platform.end());

  const to = (number: string, born: string, family: string) =>
    `GPPROVIDER_${number}_${born}_${family}`;
  const tracked = async (id: string) => {
    for (;;) {
      const { json } = await hospital.track(id, v2);
      if (json.status !== 'uploading') return json;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const sent = async (recipient: string, headers = {}) => {
    const answer = await hospital.send(recipient, workflow, 'a summary', { ...v2, ...headers });
    assert.equal(answer.status, 202, answer.text);
    return answer.json.message_id as string;
  };

  it('reach the mailbox of the practice where the person is registered, and nobody reads who it is about', async () => {
    const { number, born, family, practice } = address;
    const id = await sent(to(number, born, family));
    const about = await tracked(id);
    assert.deepEqual([about.status, about.recipient_ods_code], ['accepted', practice]);
    const theirs = meshCaller(platform.url, about.recipient);
    const got = await theirs.fetch(id);
    assert.deepEqual([got.text, got.headers.get('mex-to')], ['a summary', about.recipient]);
    for (const text of [JSON.stringify(about), JSON.stringify([...got.headers]), platform.logged()])
      assert.equal(text.includes(number), false);
    const entries = await allOf(searchAudit(join(platform.dataDir, 'audit'), { patient: number }));
    assert.ok(entries.some(({ api, requestId }) => api === 'mesh' && requestId === id));
  });

  it('find the day of birth in the older order and the name in any case, and wait for all chunks', async () => {
    const { number, born, family } = address;
    const older = born.slice(6) + born.slice(4, 6) + born.slice(0, 4);
    const id = await sent(to(number, older, family.toLowerCase()), { 'mex-chunk-range': '1:2' });
    const more = await hospital.call(`/X26ABC1/outbox/${id}/2`, {
      method: 'POST',
      headers: { 'mex-chunk-range': '2:2' },
      body: 'the rest',
    });
    assert.equal(more.status, 202);
    assert.equal((await tracked(id)).status, 'accepted');
  });

  it('are reported when the person or the practice is not found, with the code of the reason', async () => {
    const { born, family } = address;
    const cases: readonly (readonly [string, string])[] = [
      [to('9000000001', born, family), 'EPL-152'],
      [to('9111231130', born, family), 'EPL-153'],
      [to(address.number, '19000101', family), 'EPL-154'],
      [to(address.number, '99999999', family), 'EPL-154'],
      [to(address.number, born, 'Somebody'), 'EPL-154'],
      ['GPPROVIDER_', 'EPL-152'],
    ];
    for (const [recipient, code] of cases) {
      const about = await tracked(await sent(recipient));
      assert.deepEqual([about.status, about.status_code, about.recipient], ['error', code, '']);
    }
  });

  it('are for the workflows that may be addressed so', async () => {
    const { number, born, family } = address;
    const refused = await hospital.send(to(number, born, family), 'TEST_WORKFLOW', 'x', v2);
    assert.equal(refused.status, 417);
    assert.equal(refused.text.includes(number), false);
  });

  it('give a repeat the id of the first, and refuse another message under the same key', async () => {
    const key = { 'idempotency-key': crypto.randomUUID(), ...v2 };
    const send = (body: string) => hospital.send('X26ABC2', 'TEST_WORKFLOW', body, key);
    const all = await Promise.all(Array.from({ length: 5 }, () => send('once')));
    assert.equal(new Set(all.map(({ json }) => json.message_id)).size, 1);
    assert.equal(all.filter(({ headers }) => headers.get('idempotency-replayed')).length, 4);
    assert.equal((await send('other')).status, 409);
    const long = { 'idempotency-key': 'k'.repeat(256), ...v2 };
    assert.equal((await hospital.send('X26ABC2', 'TEST_WORKFLOW', 'x', long)).status, 400);
  });
});
