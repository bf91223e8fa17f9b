/** PDS whose records are behind Spine messages: the platform asks its own Spine faces, over mutual TLS. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { showRecords } from './pds-remote-ground.ts';
import { pdsSuite, person } from './pds-suite.ts';
import { ownListener, spineClientGround, type SpineClientGround } from './spine-client-ground.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

const jane = '9000000009';

describe('PDS over Spine messages', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let ground: SpineClientGround;
  const stored = async (nhsNumber: string) =>
    (await platform.store.open(patientCollection).in('shared').get(nhsNumber))?.value.patient;

  /** A person of this test's own. */
  const newcomer = async () => {
    const made = await platform.call('/Patient', { method: 'POST', body: person() });
    assert.equal(made.status, 201, made.text);
    return made;
  };

  before(async () => {
    platform = await startTestPlatform();
    ground = await spineClientGround(platform);
    await ground.nationalAt(ownListener(platform));
    await ground.ownAt(ownListener(platform));
    const asked = () => platform.logged().includes('QUPA_IN000008UK02');
    await showRecords(platform, ground.records, { asked });
  });
  after(() => platform.end());

  it('is set up as the guide says', () => {
    const guide = readFileSync(join(root, 'docs', 'guides', 'spine-back-end.md'), 'utf8');
    const example = /```json\n([^`]*)```/.exec(guide)?.[1] ?? '';
    const { asid } = ground.system;
    const told = JSON.parse(example.replace('918000000001', asid)) as { records: unknown };
    assert.deepEqual(told.records, ground.records);
  });

  const over = 'is not supported over the messages of this back end';
  pdsSuite({
    base: () => platform.base,
    without: {
      coverage: `Coverage ${over}`,
      'search by contact': `A search by telephone, email or managing organisation ${over}`,
      'births that ignore matches': `Ignoring potential matches ${over}`,
    },
  });

  it('shows the person whom the service has', async () => {
    const { status, json, text } = await platform.call(`/Patient/${jane}`);
    assert.equal(status, 200, text);
    assert.equal(json.name[0].family, 'Smith');
  });

  it('changes a record, whose version is raised on both sides', async () => {
    const before = await newcomer();
    const joe: string = before.json.id;
    const gender = before.json.gender === 'female' ? 'male' : 'female';
    const body = { patches: [{ op: 'replace', path: '/gender', value: gender }] };
    const headers = {
      'if-match': before.headers.get('etag') ?? '',
      'x-request-id': randomUUID(),
    };
    const changed = await platform.call(`/Patient/${joe}`, { method: 'PATCH', headers, body });
    assert.equal(changed.status, 200, changed.text);
    assert.equal(changed.json.gender, gender);
    const raised = String(Number(before.json.meta.versionId) + 1);
    assert.equal(changed.json.meta.versionId, raised);
    assert.equal((await stored(joe))?.meta.versionId, raised);
    const again = await platform.call(`/Patient/${joe}`, { method: 'PATCH', headers, body });
    assert.deepEqual([again.status, again.json], [200, changed.json]);
    assert.equal((await stored(joe))?.meta.versionId, raised);
  });
});
