import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { openClient, type ManagementClient } from '../scripts/gatehouse/client.ts';
import { directoryCommand } from '../scripts/gatehouse/commands/directory.ts';
import { writeLdif } from '../spine/sds/ldif-write.ts';
import { writeEntryLine } from '../spine/sds/entry-lines.ts';
import { syntheticDirectory } from '../spine/sds/synthetic.ts';
import { actorOf } from '../test/administration-ground.ts';
import { exchangeFor } from '../test/exchange-for.ts';
import { root, startTestPlatform, type TestPlatform } from '../test/start-platform.ts';
import { createAddresses } from './addresses.ts';
import { searchAudit } from './audit/search.ts';
import { openDirectoryApi } from './directory-api.ts';

const entries = syntheticDirectory(join(root, 'fixtures'));
const some = entries.filter(({ attributes }) =>
  ['Y90001', 'YES', 'U99001'].includes(attributes.nhsIDCode?.[0] ?? ''),
);
const gp2gp = 'urn:nhs:names:services:gp2gp:RCMR_IN010000UK05';
const practice = `(&(nhsIDCode=Y90001)(objectClass=nhsMhs)(nhsMhsSvcIA=${gp2gp}))`;

describe('the directory in the management API and at the terminal', () => {
  let platform: TestPlatform;
  let client: ManagementClient;
  let file: string;

  before(async function () {
    this.timeout(30_000);
    platform = await startTestPlatform({ withoutDefaults: true });
    client = openClient({ dataDir: platform.dataDir, url: platform.url });
    file = join(platform.dataDir, 'some.ldif');
    // people lie below entries that are not in this file
    const services = some.filter(({ dn }) => !dn.includes('ou=People'));
    writeFileSync(file, services.map(writeLdif).join(''));
  });

  after(() => platform.end());

  async function run(...args: string[]): Promise<string> {
    const printed: string[] = [];
    const { log, error } = console;
    console.log = (line: string) => printed.push(line);
    console.error = (line: string) => printed.push(line);
    try {
      const flags = ['--data-dir', platform.dataDir, '--url', platform.url];
      await directoryCommand().parseAsync([...args, ...flags], { from: 'user' });
    } finally {
      Object.assign(console, { log, error });
    }
    return printed.join('\n');
  }

  const sent = (text: string, query = '', type = 'text/x-ldif') =>
    client.call('POST', `/directory/import${query}`, { document: { text, type } });

  it('tells what an import would do, does it, and does nothing when it is repeated', async () => {
    const checked = JSON.parse(await run('import', file, '--check', '--json')) as object;
    const added = some.filter(({ dn }) => !dn.includes('ou=People')).length;
    assert.deepEqual(checked, { added, replaced: 0, same: 0, checked: true });
    assert.equal(await run('find', practice), '(none)');
    assert.match(await run('import', file), new RegExp(`added +${added}`));
    assert.match(await run('import', file), new RegExp(`same +${added}`));
  });

  it('enters each entry in the audit', async () => {
    const seen: string[] = [];
    for await (const { action, app } of searchAudit(join(platform.dataDir, 'audit'), {}))
      if (action.startsWith('directory.')) seen.push(`${action} ${app}`);
    assert.ok(seen.includes('directory.add uniqueIdentifier=Y90001,ou=Organisations,o=nhs'));
  });

  it('finds an entry with the calls that find it, and these do', async () => {
    const out = await run('find', practice);
    assert.match(out, /^dn: uniqueIdentifier=S2001Y90001001,ou=Services,o=nhs$/m);
    const url = /^# Over SDS FHIR: (\S+)$/m.exec(out)?.[1] ?? '';
    const answer = (await (await fetch(url)).json()) as { total: number };
    assert.equal(answer.total, 1);
    const organisation = await run('find', '(&(objectClass=nhsGPPractice)(nhsIDCode=Y90001))');
    const ods = /^# Over the organisation look-up: (\S+)$/m.exec(organisation)?.[1] ?? '';
    assert.equal((await fetch(ods)).status, 200);
    const system = await run('find', '(&(objectClass=nhsAs)(nhsIDCode=YES))', '--limit', '1');
    assert.match(system, /^# Ssp-To of calls to it: 928942012545$/m);
    assert.match(await run('find', '(nhsIDCode=YES)', '--limit', '1'), /There are more/);
  });

  it('gives the search over LDAP for the environment that LDAP serves', async () => {
    const { acts } = openDirectoryApi({
      ...{ store: platform.store, journal: platform.journal, standard: 'sandbox' },
      clock: { now: () => 0, newId: () => '' },
      addresses: createAddresses(() => 'http://localhost:9000', 'sandbox'),
      ldap: (environment) => (environment === 'sandbox' ? 'ldap://localhost:1389' : undefined),
    });
    const ask = async (query: string) => {
      const rawQuery = `${query}&filter=${encodeURIComponent(practice)}`;
      const reply = await acts['GET /directory/entries']?.(
        actorOf('auditor'),
        exchangeFor({ rawQuery }),
      );
      assert.ok(typeof reply?.body === 'string');
      const { items } = JSON.parse(reply.body) as { items: { find: object }[] };
      return items[0]?.find;
    };
    const filter = `(&(nhsIDCode=Y90001)(objectClass=nhsMhs)(nhsMhsSvcIA=${gp2gp})(nhsMHSPartyKey=Y90001-820004))`;
    const found = (await ask('')) as { ldap: string; filter: string };
    assert.equal(found.filter.replace(/-8\d+/, '-820004'), filter);
    assert.equal(
      found.ldap,
      `ldapsearch -x -H ldap://localhost:1389 -b "ou=Services,o=nhs" "${found.filter}"`,
    );
    assert.equal('ldap' in ((await ask('environment=production')) ?? {}), false);
  });

  it('exports what can be imported elsewhere, as LDIF and as JSON', async () => {
    const ldif = join(platform.dataDir, 'all.ldif');
    await run('export', '--out', ldif);
    assert.deepEqual(await run('import', ldif, '--json').then(countsIn), [0, 0]);
    const json = join(platform.dataDir, 'all.ndjson');
    await run('export', '--format', 'json', '--out', json);
    assert.deepEqual(await run('import', json, '--json').then(countsIn), [0, 0]);
    const lines = readFileSync(json, 'utf8').trim().split('\n');
    assert.equal(lines.length, some.filter(({ dn }) => !dn.includes('ou=People')).length + 7);
  });

  it('replaces entries only when it is told to, and in one environment only when that is named', async () => {
    const [entry] = some.filter(({ dn }) => dn.startsWith('uniqueIdentifier=Y90001'));
    assert.ok(entry);
    const other = { ...entry, attributes: { ...entry.attributes, l: ['Elsewhere'] } };
    const text = writeEntryLine(other);
    await assert.rejects(sent(text, '', 'application/x-ndjson'), { kind: 'conflict' });
    const { body } = await sent(text, '?replace=true&environment=int', 'application/x-ndjson');
    assert.deepEqual(body, { added: 0, replaced: 1, same: 0 });
    const filter = '(&(objectClass=nhsGPPractice)(nhsIDCode=Y90001))';
    assert.match(await run('find', filter, '--environment', 'int'), /^l: Elsewhere$/m);
    assert.doesNotMatch(await run('find', filter), /^l: Elsewhere$/m);
  });

  it('takes entries that are not whole when it is told to, and serves what they have', async () => {
    const bare = join(platform.dataDir, 'bare.ldif');
    const interaction = 'urn:nhs:names:services:gpconnect:fhir:rest:read:bare-1';
    const lines = [
      ...['dn: uniqueIdentifier=Y90997,ou=Organisations,o=nhs', 'objectClass: nhsGPPractice'],
      ...['nhsIDCode: Y90997', ''],
      ...['dn: uniqueIdentifier=918999299001,ou=Services,o=nhs', 'objectClass: nhsAs'],
      ...['nhsIDCode: Y90997', `nhsAsSvcIA: ${interaction}`, ''],
      ...['dn: uniqueIdentifier=918999299002,ou=Services,o=nhs', 'objectClass: nhsMhs'],
      ...[
        'nhsIDCode: Y90997',
        `nhsMhsSvcIA: ${interaction}`,
        'nhsMHSEndPoint: https://a.example',
        '',
      ],
    ];
    writeFileSync(bare, lines.join('\n'));
    await assert.rejects(run('import', bare), /Line 1: .* is missing/);
    const told = JSON.parse(await run('import', bare, '--lenient', '--json'));
    assert.deepEqual([told.added, told.lacking.entries], [3, 3]);
    assert.equal(told.lacking.attributes.nhsDateApproved, 2);
    assert.equal(told.lacking.first[1].line, 5);
    assert.match(await run('import', bare, '--lenient'), /postalCode +1/);
    const ask = (path: string) => fetch(platform.url + path);
    const query =
      'organization=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fods-organization-code%7CY90997&' +
      `identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2FnhsServiceInteractionId%7C${interaction}`;
    for (const kind of ['Device', 'Endpoint']) {
      const answer = await ask(`/spine-directory/FHIR/R4/${kind}?${query}`);
      assert.equal(answer.status, 200, kind);
      assert.equal(((await answer.json()) as { total: number }).total, 1);
    }
    for (const path of ['/STU3/Organization/Y90997', '/ORD/2-0-0/organisations/Y90997'])
      assert.equal((await ask(path)).status, 200, path);
  });

  it('names the line that is wrong, and changes nothing', async () => {
    const group = 'dn: uniqueIdentifier=W1,ou=Workgroups,o=nhs\nobjectClass: nhsWg\ncn: x\n';
    await assert.rejects(sent(`${group}nhsIDCode: Y90001\n\nnonsense\n`), {
      kind: 'invalid',
      message: 'Line 6: expected an attribute, a colon and a value',
    });
    assert.equal(await run('find', '(uniqueIdentifier=W1)'), '(none)');
    await assert.rejects(run('import', join(platform.dataDir, 'none.ldif')), { kind: 'invalid' });
  });

  for (const [path, said] of [
    ['/directory/entries?filter=(a', 'The filter ends too early at position 3'],
    ['/directory/entries?base=nowhere', 'The distinguished name lacks an equals sign'],
    ['/directory/entries?scope=two', 'The scope is base, one or sub'],
    ['/directory/entries?limit=0', 'The limit is 1 to 200'],
    ['/directory/entries?environment=moon', 'The environments are'],
    ['/directory/export?format=xml', 'The format is ldif or json'],
  ] as const)
    it(`refuses ${path}`, async () => {
      await assert.rejects(client.call('GET', path), (error: Error) => {
        assert.ok(error.message.startsWith(said), error.message);
        return true;
      });
    });

  it('lets in only those whom the roles allow, and takes the types it names', async () => {
    const api = openDirectoryApi({
      ...{ store: platform.store, journal: platform.journal, standard: 'sandbox' },
      clock: { now: () => 0, newId: () => '' },
      addresses: createAddresses(() => platform.url, 'sandbox'),
      ldap: () => undefined,
    });
    const load = api.acts['POST /directory/import'];
    assert.ok(load);
    await assert.rejects(load(actorOf('developer'), exchangeFor()), {
      kind: 'forbidden',
    });
    await assert.rejects(sent('{}', '', 'application/json'), /must be sent as text\/x-ldif/);
    const exchange = exchangeFor({ headers: { 'content-type': 'text/x-ldif' } });
    exchange.body.stream = () => Readable.from(endless());
    await assert.rejects(load(actorOf('operator'), exchange), { kind: 'too-large' });
    assert.deepEqual(
      Object.keys(api.facts),
      Object.keys(api.acts).map((route) => route.replace(/:(\w+)/g, '{$1}')),
    );
  });
});

/** Comments without end. */
function* endless(): Iterable<Buffer> {
  const piece = Buffer.from(`# ${'nothing '.repeat(10_000)}\n`.repeat(10));
  for (;;) yield piece;
}

function countsIn(printed: string): readonly number[] {
  const { added, replaced } = JSON.parse(printed) as { added: number; replaced: number };
  return [added, replaced];
}
