/** docs/guides/directory-routing.md and its script: trace, look up, token, call; and what is routed by the directory. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { partsOf, handlerEntry, systemEntry } from '../spine/sds/service-entries.ts';
import { exampleBase, exampleConsumer } from '../server/example-provider.ts';
import { makeCrossOrganisationToken } from '../spine/sso/make-token.ts';
import { deployApi, subscribe } from './gateway-ground.ts';
import { runGuide, startGuideGround, whyNoShell, type GuideGround } from './guide-ground.ts';
import type { GuideShell } from './guide-shell.ts';
import { call, root, type TestPlatform } from './start-platform.ts';

describe('the worked example of directory routing', function () {
  this.timeout(180_000);
  let ground: GuideGround;
  let platform: TestPlatform;
  let shell: GuideShell | undefined;
  const why = whyNoShell();

  before(async () => {
    ground = await startGuideGround();
    ({ platform, shell } = ground);
  });
  after(() => ground.end());

  const told = async (commands: string) => {
    const [output = ''] = (await shell?.run([{ line: 1, commands, expected: [] }])) ?? [];
    return output;
  };

  it(`R159 runs as one script, from the trace to both calls${why === undefined ? '' : ` (${why})`}`, async function () {
    if (!shell) this.skip();
    const output = await told(
      `bash ${join(root, 'scripts', 'walk-through', 'look-up-and-call.sh')}`,
    );
    assert.match(output, /NHS number 9000000009/, output);
    assert.match(output, /ASID 200000009001, party key Y12345-0009001, address http/);
    const answers = output.match(/Patient 9000000009, version \d+/g);
    assert.equal(answers?.length, 2, output);
  });

  it('R152 R158 R159 works as the guide tells it, command by command', async function () {
    if (!shell) this.skip();
    const { steps, wrong } = await runGuide(shell, 'directory-routing.md');
    assert.ok(steps > 10, `${steps} steps`);
    assert.deepEqual(wrong, []);
  });

  const national = 'urn:nhs:names:services:gatehouse:fhir:rest:search:patient-1';
  const tokenFor = (audience: string) =>
    makeCrossOrganisationToken({
      ...{ profile: 'spine', issuer: 'https://consumer.example', audience, now: Date.now() },
      ...{ reason: 'directcare', scopes: ['patient/*.read'] },
      ...{ asid: exampleConsumer.asid, odsCode: exampleConsumer.odsCode },
      user: { roleProfile: '555254240100' },
    });

  it('R169 lets a local system call a national one by the directory, behind policies', async () => {
    const directory = openDirectory(platform.store);
    const product = { key: '1', name: 'National', version: '1' };
    const approval = {
      ...{ requestor: 'test', requested: '20260101000000' },
      ...{ approver: 'test', approved: '20260101000000' },
    };
    const own = { odsCode: 'YES', partyKey: 'YES-0009002', product };
    const system = { ...own, asid: '200000009002', interactions: [national], clients: ['YES'] };
    await directory.add(systemEntry(system, approval), 'test');
    const handler = {
      ...{ ...own, id: 'S2009YES001', cpaId: 'S2009YES001', interaction: national },
      ...{ ...partsOf(national), endpoints: [platform.base], fqdn: 'localhost', actors: [] },
      interactionType: 'FHIR',
    };
    const contract = { authenticated: 'none', template: '1' } as const;
    await directory.add(handlerEntry(handler, contract, approval), 'test');
    const address = await deployApi(platform, {
      id: 'national-demographics',
      backend: {
        ...{ kind: 'directory', organisation: { fixed: 'YES' }, interaction: { fixed: national } },
        sender: exampleConsumer.asid,
      },
      technology: 'fhir',
      policies: [
        { policy: 'request-ids' },
        { policy: 'api-key', config: { clientId: true, headers: ['apikey'] } },
        { policy: 'nhs-number', config: { in: { path: '/Patient/{nhsNumber}' } } },
      ],
    });
    await subscribe(platform, 'demo', 'national-demographics', 'sandbox', []);
    const read = (
      number: string,
      headers: Record<string, string> = { apikey: 'demo-app-sandbox' },
    ) => call(`${address}/Patient/${number}`, { headers });
    const nobody = await read('9000000009', {});
    assert.equal(nobody.status, 401, nobody.text);
    const wrong = await read('9000000000');
    assert.equal(wrong.status, 400, wrong.text);
    const answer = await read('9000000009');
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.id, '9000000009');
    await directory.remove(handlerEntry(handler, contract, approval).dn, 'test');
    const gone = await read('9000000009');
    assert.equal(gone.status, 404, 'the directory has changed');
    assert.match(gone.text, /NO_ENDPOINT/);
  });

  it('takes the token of another system, organisation, time or audience for what it is', async () => {
    const address = `${platform.url}${exampleBase}`;
    const read = (token: string, headers: Record<string, string> = {}) =>
      call(`${address}/Patient/9000000009`, {
        headers: { authorization: `Bearer ${token}`, ...headers },
      });
    const good = await read(tokenFor(address));
    assert.equal(good.status, 200, good.text);
    const elsewhere = await read(tokenFor('https://elsewhere.example'));
    assert.equal(elsewhere.status, 400);
    assert.match(elsewhere.text, /rule aud: expected .*example-practice/);
    const unknown = await read(tokenFor(address), { 'ssp-from': '200000009777' });
    assert.equal(unknown.status, 403);
    const other = await read(tokenFor(address), { 'ssp-from': '200000009001' });
    assert.equal(other.status, 403);
    const opaque = await read('A'.repeat(43));
    assert.equal(opaque.status, 401, 'a token of ours is none');
    const none = await call(`${address}/Patient/9000000009`);
    assert.equal(none.status, 400);
    const written = await call(`${address}/Patient/9000000009`, {
      ...{ method: 'PATCH', body: { patches: [] } },
      headers: { authorization: `Bearer ${tokenFor(address)}`, 'if-match': 'W/"2"' },
    });
    assert.equal(written.status, 403, written.text);
    assert.doesNotMatch(platform.logged(), /9000000009/);
  });
});
