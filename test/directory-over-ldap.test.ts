/** The directory over LDAP as the clients in use ask it: ldapts and OpenLDAP's ldapsearch. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { Attribute, Change, Client, ResultCodeError, type SearchOptions } from 'ldapts';
import { Problem } from '../core/problem.ts';
import type { AuditLine } from '../server/audit/line.ts';
import { searchAudit } from '../server/audit/search.ts';
import { createCertificateReader, thumbprintOf } from '../server/tls-certificate.ts';
import { sharedWorkspace } from '../server/workspaces.ts';
import type { Directory } from '../spine/sds/directory.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import {
  gp2gp,
  handler,
  ldapGround,
  ldapsearch,
  person,
  services,
  system,
  trace,
  whyNoLdapsearch,
  type LdapGround,
} from './ldap-ground.ts';
import { OpensslCa, whyNoOpenssl, type Made } from './openssl-ca.ts';
import { startTestPlatform } from './start-platform.ts';

/** The names of what is found, without where they are. */
async function found(client: Client, filter: string, more: SearchOptions = {}): Promise<string[]> {
  const { searchEntries } = await client.search(services, { filter, ...more });
  return searchEntries
    .map(({ dn }) => dn.replace(/,.*/, '').replace('uniqueIdentifier=', ''))
    .sort();
}

const result =
  (code: number, text = '') =>
  (error: unknown) =>
    error instanceof ResultCodeError && error.code === code && error.message.includes(text);

describe('the directory over LDAP', () => {
  let ground: LdapGround;
  let client: Client;

  before(async () => {
    ground = await ldapGround();
  });

  beforeEach(() => {
    client = ground.client();
    ground.entered.length = 0;
  });

  after(() => ground.end());

  const filters: readonly [string, string, readonly string[]][] = [
    [
      'a message handling adaptor, systems',
      `(&(nhsIDCode=YES) (objectClass=nhsAs) (nhsAsSvcIA=${trace}))`,
      ['928942012545'],
    ],
    [
      'a message handling adaptor, endpoints',
      `(&(objectClass=nhsMhs) (nhsMHSPartyKey=YES-0000806) (nhsMhsSvcIA=${trace}))`,
      ['S918999410559'],
    ],
    [
      'the FHIR server, with a manufacturer',
      `(&(nhsIDCode=M85019) (objectClass=nhsAs) (nhsAsSvcIA=${gp2gp}) (nhsMhsManufacturerOrg=YGM01) (nhsMHSPartyKey=M85019-820388))`,
      ['200000000149'],
    ],
    [
      'a GP2GP messenger, one AND in another',
      `(&(nhsIDCode=M85019)(&(objectClass=nhsMhs)(nhsMhsSvcIA=${gp2gp})))`,
      ['S20001A000168'],
    ],
    [
      'a GP2GP messenger, with OR',
      `(|(nhsAsSvcIA=${gp2gp})(nhsAsSvcIA=${trace}))`,
      ['200000000149', '928942012545'],
    ],
    [
      'command line tools, in other spellings',
      `(&(objectclass=nhsMHS)(nhsMHSSvcIA=${gp2gp})(nhsIDcode=M85019)(nhsMhsPartyKey=m85019-820388))`,
      ['S20001A000168'],
    ],
    [
      'GP Connect, systems without an interaction',
      '(&(nhsIDCode=M85019) (objectClass=nhsAS) (nhsMHSPartyKey=M85019-820388))',
      ['200000000149'],
    ],
    [
      'somebody who wants to see all',
      '(uniqueIdentifier=*)',
      ['200000000149', '928942012545', 'S20001A000168', 'S918999410559'],
    ],
    ['somebody with a part of a name', '(uniqueIdentifier=S9*59)', ['S918999410559']],
    [
      'somebody who leaves something out',
      '(&(objectClass=nhsAs)(!(nhsIDCode=YES)))',
      ['200000000149'],
    ],
    ['an ODS code in another case', '(&(nhsIDCode=yes)(objectClass=nhsAs))', []],
    ['an attribute that nobody has', '(nhsNoSuch=1)', []],
    ['the opposite of an attribute that nobody has', '(!(nhsNoSuch=1))', []],
  ];
  for (const [who, filter, expected] of filters)
    it(`answers the search of ${who}`, async () => {
      // This client takes a filter without spaces only; ldapsearch below takes it as people write it.
      assert.deepEqual(await found(client, filter.replaceAll(') (', ')(')), expected);
    });

  it('searches one level, as patient apps do, and one entry', async () => {
    const filter = `(&(nhsIDCode=YES)(objectClass=nhsMhs)(nhsMhsSvcIA=${trace}))`;
    assert.deepEqual(await found(client, filter, { scope: 'one' }), ['S918999410559']);
    assert.deepEqual(await found(client, '(objectClass=*)', { scope: 'base' }), ['ou=Services']);
    const { searchEntries } = await client.search('o=nhs', { scope: 'one' });
    assert.equal(searchEntries.length, 6);
  });

  it('takes a base in any case and with idle spaces', async () => {
    for (const base of ['ou=Services, o=nhs', 'OU=services,O=nhs', 'ou = services , o = NHS']) {
      const { searchEntries } = await client.search(base, { filter: '(nhsIDCode=YES)' });
      assert.equal(searchEntries.length, 2, base);
    }
  });

  it('gives attributes under the names they were asked for, and under the schema’s otherwise', async () => {
    const filter = '(uniqueIdentifier=928942012545)';
    const only = async (attributes: string[]) => {
      const { searchEntries } = await client.search(services, { filter, attributes });
      // What was asked for and is not there this client shows as empty.
      return Object.entries(searchEntries[0] ?? {}).flatMap(([name, values]) =>
        values.length === 0 ? [] : [name],
      );
    };
    assert.deepEqual(await only(['nhsMhsPartyKey', 'NHSidcode', 'nhsNoSuch']), [
      'dn',
      'NHSidcode',
      'nhsMhsPartyKey',
    ]);
    assert.deepEqual(await only(['1.1']), ['dn']);
    const all = await only([]);
    assert.ok(
      all.includes('nhsMHSPartyKey') && all.includes('nhsAsSvcIA') && !all.includes('entryDN'),
    );
    const both = await only(['*', '+']);
    assert.ok(both.includes('entryDN') && both.includes('subschemaSubentry'));
    const names = await client.search(services, { filter, returnAttributeValues: false });
    assert.deepEqual(names.searchEntries[0]?.nhsIDCode, []);
  });

  it('finds nothing with success, and names what is there above a base that is not', async () => {
    assert.deepEqual(await found(client, '(uniqueIdentifier=000000000000)'), []);
    await assert.rejects(
      client.search('uniqueIdentifier=1,uniqueIdentifier=2,ou=Services,o=nhs'),
      result(32),
    );
    const [entry] = ground.entered.slice(-1);
    assert.equal(entry?.action, 'search sub *,ou=services,o=nhs (objectclass=*)');
    assert.equal(entry.code, 'noSuchObject');
    await assert.rejects(client.search('no name'), result(34));
  });

  it('stops at the size limit of the client with what was found, and pages through it', async () => {
    const cut = await client.search(services, { sizeLimit: 2, filter: '(nhsIDCode=*)' });
    assert.equal(cut.searchEntries.length, 2); // this client passes over the code; ldapsearch below shows it
    const whole = await client.search(services, {
      filter: '(nhsIDCode=*)',
      paged: { pageSize: 3 },
    });
    assert.equal(whole.searchEntries.length, 4);
    const sizes: number[] = [];
    for await (const page of client.searchPaginated(services, {
      filter: '(nhsIDCode=*)',
      paged: { pageSize: 1 },
    }))
      sizes.push(page.searchEntries.length);
    assert.deepEqual(sizes, [1, 1, 1, 1]);
  });

  it('enters each search before its answer, without its values', async () => {
    await found(client, `(&(nhsIDCode=YES)(nhsAsSvcIA=${trace}))`);
    await client.search('ou=People,o=nhs', { filter: '(cn=Ada Inv*)' });
    await client.search(person.dn, { scope: 'base' });
    assert.deepEqual(
      ground.entered.map(({ action, code, address }) => [action, code, address]),
      [
        ['search sub ou=services,o=nhs (&(nhsIDCode=)(nhsAsSvcIA=))', 'success', '127.0.0.1'],
        ['search sub ou=people,o=nhs (cn=…*)', 'success', '127.0.0.1'],
        ['search base *,ou=people,o=nhs (objectclass=*)', 'success', '127.0.0.1'],
      ],
    );
  });

  it('describes itself and its schema before any bind', async () => {
    const { searchEntries } = await client.search('', { scope: 'base' });
    const [root] = searchEntries;
    assert.equal(root?.namingContexts, 'o=nhs');
    assert.equal(root.supportedLDAPVersion, '3');
    assert.equal(root.vendorName, 'Gatehouse');
    assert.ok([root.supportedControl].flat().includes('1.2.840.113556.1.4.319'));
    const schema = await client.search(String(root.subschemaSubentry), {
      scope: 'base',
      filter: '(objectClass=subschema)',
      attributes: ['objectClasses', 'attributeTypes'],
    });
    const { objectClasses = [], attributeTypes = [] } = { ...schema.searchEntries[0] } as Record<
      string,
      string[] | undefined
    >; // what the schema has many of
    const definition = /^\( [\d.]+ NAME ('[\w-]+'|\( ('[\w-]+' )+\)) .*\)$/;
    for (const one of [objectClasses, attributeTypes].flat()) assert.match(one, definition);
    assert.ok(
      [objectClasses]
        .flat()
        .some((one) =>
          /^\( 1\.2\.826\.0\.1285\.0\.2\.0\.107 NAME 'nhsAs' SUP top STRUCTURAL MUST \( .*nhsAsSvcIA/.test(
            one,
          ),
        ),
    );
    assert.deepEqual(ground.entered, []);
  });

  it('binds nobody but the anonymous, and says what is wrong with others', async () => {
    await client.bind('', '');
    await assert.rejects(client.bind('cn=admin', 'secret'), result(49));
    await assert.rejects(client.bind('cn=admin', ''), result(53));
    await assert.rejects(client.bind('EXTERNAL'), result(48));
    await assert.rejects(client.bind('PLAIN', 'secret'), result(7));
    assert.equal((await client.exop('1.3.6.1.4.1.4203.1.11.3')).value, '');
    await assert.rejects(client.startTLS(), result(2));
    await assert.rejects(client.exop('1.2.3'), result(2));
  });

  it('compares', async () => {
    const [dn = ''] = (
      await client.search(services, { filter: '(uniqueIdentifier=928942012545)' })
    ).searchEntries.map((one) => one.dn);
    assert.equal(await client.compare(dn, 'nhsIDCode', 'YES'), true);
    assert.equal(await client.compare(dn, 'nhsIDCode', 'yes'), false);
    await assert.rejects(client.compare(dn, 'nhsNoSuch', '1'), result(17));
    await assert.rejects(client.compare(dn, 'nhsMhsFQDN', '1'), result(18));
    await assert.rejects(client.compare(dn, 'nhsMhsCPAId', '1'), result(16));
    await assert.rejects(client.compare(`uniqueIdentifier=1,${services}`, 'o', '1'), result(32));
  });

  it('writes nothing', async () => {
    const { dn, attributes } = system('200000000200', 'M85019', 'M85019-820388');
    await assert.rejects(client.add(dn, attributes as Record<string, string[]>), result(53));
    await assert.rejects(client.del(person.dn), result(53));
    const change = new Change({
      operation: 'replace',
      modification: new Attribute({ type: 'sn', values: ['X'] }),
    });
    await assert.rejects(client.modify(person.dn, change), result(53));
    await assert.rejects(client.modifyDN(person.dn, 'uid=900000000002'), result(53));
    assert.deepEqual(
      ground.entered.map(({ action, code }) => `${action} ${code}`),
      [
        'add *,ou=services,o=nhs',
        'delete *,ou=people,o=nhs',
        'modify *,ou=people,o=nhs',
        'rename *,ou=people,o=nhs',
      ].map((one) => `${one} unwillingToPerform`),
    );
  });

  describe('asked by ldapsearch', () => {
    before(function () {
      const why = whyNoLdapsearch();
      if (why === undefined) return;
      process.stderr.write(`      skipped: ${why}\n`);
      this.skip();
    });

    for (const [who, filter, expected] of filters)
      it(`answers the search of ${who}`, async () => {
        const { code, out } = await ldapsearch(ground.url, '-b', services, filter, '1.1');
        assert.equal(code, 0);
        const names = [...out.matchAll(/^dn: uniqueIdentifier=(\w+),/gm)].map(([, name]) => name);
        assert.deepEqual(names.sort(), expected);
      });

    it('answers as the directory does', async () => {
      const filter = `(&(nhsIDCode=YES) (objectClass=nhsAs) (nhsAsSvcIA=${trace}))`;
      const { code, out } = await ldapsearch(
        ground.url,
        '-b',
        'ou=services, o=nhs',
        filter,
        'uniqueIdentifier',
        'nhsMhsPartyKey',
      );
      assert.equal(code, 0);
      assert.equal(
        out.trim(),
        'dn: uniqueIdentifier=928942012545,ou=Services,o=nhs\nuniqueIdentifier: 928942012545\nnhsMhsPartyKey: YES-0000806',
      );
      const all = await ldapsearch(ground.url, '-b', 'ou=services, o=nhs', filter, '*', '+');
      assert.match(all.out, /^entryDN: uniqueIdentifier=928942012545/m);
    });

    it('pages, stops at limits, and does without StartTLS', async () => {
      const many = ['-b', services, '(nhsIDCode=*)', '1.1'];
      const paged = await ldapsearch(ground.url, '-E', 'pr=2/noprompt', ...many);
      assert.equal(paged.code, 0);
      assert.equal(paged.out.match(/^dn: /gm)?.length, 4);
      const cut = await ldapsearch(ground.url, '-z', '2', ...many);
      assert.equal(cut.code, 4);
      assert.equal(cut.out.match(/^dn: /gm)?.length, 2);
      assert.equal((await ldapsearch(ground.url, '-Z', ...many)).code, 0);
      const must = await ldapsearch(ground.url, '-ZZ', ...many);
      assert.match(must.err, /Protocol error.*\n.*StartTLS is not offered: connect with ldaps/);
      const strange = await ldapsearch(ground.url, '-E', '!sss=cn', ...many);
      assert.equal(strange.code, 12);
    });

    it('says where a base ends to be there', async () => {
      const { code, err } = await ldapsearch(ground.url, '-b', 'ou=Nowhere,o=nhs');
      assert.equal(code, 32);
      assert.match(err, /^Matched DN: o=nhs$/m);
    });
  });
});

describe('the directory over LDAP, where writing is on', () => {
  let ground: LdapGround;
  let client: Client;

  before(async () => {
    ground = await ldapGround({ writable: true });
    client = ground.client();
  });

  after(() => ground.end());

  const values = (entry: { attributes: Readonly<Record<string, readonly string[]>> }) =>
    Object.entries(entry.attributes).map(
      ([type, all]) => new Attribute({ type, values: [...all] }),
    );
  const change = (operation: 'add' | 'delete' | 'replace', type: string, ...all: string[]) =>
    new Change({ operation, modification: new Attribute({ type, values: all }) });

  it('adds, changes and removes an entry', async () => {
    const entry = handler('S20001A000169', 'M85019', 'M85019-820388', trace);
    await client.add(entry.dn, values(entry));
    await client.modify(entry.dn, [
      change('replace', 'nhsMhsFqdn', 'other.example.org'),
      change('add', 'nhsMHSActor', 'urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH'),
      change('delete', 'nhsMHSSyncReplyMode'),
    ]);
    const { searchEntries } = await client.search(entry.dn, { scope: 'base' });
    assert.equal(searchEntries[0]?.nhsMhsFQDN, 'other.example.org');
    assert.equal(searchEntries[0].nhsMHSActor, 'urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH');
    assert.equal(searchEntries[0].nhsMHSSyncReplyMode, undefined);
    await client.del(entry.dn);
    assert.equal(await ground.directory.entry(entry.dn), undefined);
  });

  it('refuses what does not fit, each with the code of its own', async () => {
    const entry = system('200000000149', 'M85019', 'M85019-820388');
    await assert.rejects(client.add(entry.dn, values(entry)), result(68));
    await assert.rejects(
      client.add(`uniqueIdentifier=1,${services}`, { objectClass: 'nhsAs' }),
      result(65),
    );
    await assert.rejects(
      client.add(`uniqueIdentifier=1,${services}`, { nhsNoSuch: '1' }),
      result(17),
    );
    await assert.rejects(
      client.add('uniqueIdentifier=1,ou=Nowhere,o=nhs', values(entry)),
      result(32),
    );
    await assert.rejects(client.del(`uniqueIdentifier=1,${services}`), result(32));
    await assert.rejects(client.del(services), result(53));
    const on = (...changes: Change[]) => client.modify(entry.dn, changes);
    await assert.rejects(on(change('add', 'nhsAsClient', 'm85019')), result(20));
    await assert.rejects(on(change('delete', 'nhsAsClient', 'X1')), result(16));
    await assert.rejects(on(change('delete', 'nhsAsACF')), result(16));
    await assert.rejects(on(change('delete', 'nhsIDCode')), result(65));
    await assert.rejects(on(change('replace', 'uniqueIdentifier', '1')), result(67));
    await assert.rejects(on(change('add', 'nhsNoSuch', '1')), result(17));
    await client.add('uniqueIdentifier=5,uid=900000000001,ou=People,o=nhs', {
      objectClass: 'nhsOrgPerson',
      uniqueIdentifier: '5',
      ...{
        cn: 'Ada Invented',
        sn: 'Invented',
        uid: '900000000001',
        nhsIDCode: 'M85019',
        o: 'Invented',
      },
    });
    await assert.rejects(client.del(person.dn), result(66));
  });
});

describe('the directory over LDAP, where a certificate is needed', () => {
  it('says so to each that has none', async () => {
    const ground = await ldapGround({ anonymous: false });
    const client = ground.client();
    const why = 'client certificate: connect with ldaps';
    await assert.rejects(client.bind('', ''), result(48, why));
    await assert.rejects(client.search(services), result(50, why));
    assert.equal((await client.search('', { scope: 'base' })).searchEntries.length, 1);
    assert.deepEqual(
      ground.entered.map(({ code }) => code),
      ['insufficientAccessRights'],
    );
    await ground.end();
  });
});

describe('the directory over LDAP, by certificate', () => {
  let ground: LdapGround;
  let ca: OpensslCa;
  let trusted: Made;
  const credentials = ({ certificate, key }: Made) => ({
    ...{ cert: certificate, key },
    rejectUnauthorized: false,
  });

  before(async function () {
    const why = whyNoOpenssl();
    if (why !== undefined) {
      process.stderr.write(`      skipped: ${why}\n`);
      this.skip();
    }
    ca = new OpensslCa();
    const { certificate, key } = ca.server('localhost');
    trusted = ca.client('mhs.example.org');
    ground = await ldapGround({
      anonymous: false,
      barred: ({ commonNames }) =>
        commonNames[0] === 'barred.example.org' ? 'Not you' : undefined,
      tls: {
        identity: { certificate, key },
        trust: { authorities: ca.authorities, lists: ca.lists() },
        connection: (socket) => {
          const shown = createCertificateReader()(socket);
          const known = { address: socket.remoteAddress ?? '', secure: true };
          return shown ? { ...known, certificate: shown } : known;
        },
      },
    });
  });

  // Absent when it is skipped.
  after(async () => {
    await (ground as LdapGround | undefined)?.end();
    (ca as OpensslCa | undefined)?.end();
  });

  it('lets its holder read without a bind, with one that names nobody, and with EXTERNAL', async () => {
    const client = ground.client(credentials(trusted));
    assert.equal((await found(client, '(nhsIDCode=YES)')).length, 2);
    await client.bind('', '');
    await client.bind('EXTERNAL');
    assert.equal((await client.exop('1.3.6.1.4.1.4203.1.11.3')).value, 'u:mhs.example.org');
    assert.equal(ground.entered.at(-1)?.user, 'mhs.example.org');
    const { searchEntries } = await client.search('', { scope: 'base' });
    assert.equal(searchEntries[0]?.supportedSASLMechanisms, 'EXTERNAL');
  });

  it('says to each other why it counts for nothing', async () => {
    const foreign = new OpensslCa('Foreign');
    const refusals: readonly [object, string][] = [
      [{ rejectUnauthorized: false }, 'none was shown'],
      [credentials(foreign.client('mhs.example.org')), 'The client certificate is not accepted: '],
      [credentials(ca.client('barred.example.org')), 'Not you'],
    ];
    for (const [options, why] of refusals) {
      const client = ground.client(options);
      await assert.rejects(client.bind('', ''), result(48, why));
      await assert.rejects(client.bind('EXTERNAL'), result(48, why));
      await assert.rejects(client.search(services), result(50, why));
    }
    foreign.end();
  });

  it('ends its connections when it ends', async () => {
    const client = ground.client(credentials(trusted));
    await found(client, '(nhsIDCode=YES)');
    assert.equal(client.isConnected, true);
    ground.server.end(thumbprintOf(new X509Certificate(trusted.certificate).raw));
    const connected = () => client.isConnected;
    for (let tries = 0; connected() && tries < 1_000; tries++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(connected(), false);
  });
});

describe('the directory over LDAP, of a platform', () => {
  it('is what its environment shows, entered in the audit, on ports that are its own', async function () {
    this.timeout(120_000); // it may be the first to make the default data
    const platform = await startTestPlatform({ environment: { LDAP_WRITES: 'on' } });
    const { ldap = 0, ldaps = 0 } = platform.ldap ?? {};
    const client = new Client({ url: `ldap://localhost:${ldap}`, strictDN: false });
    const entry = system('200000000201', 'M85019', 'M85019-820388');
    await client.add(entry.dn, entry.attributes as Record<string, string[]>); // it keeps them as they are
    assert.deepEqual(await found(client, '(uniqueIdentifier=200000000201)'), ['200000000201']);
    await client.unbind();
    const base = openDirectory(platform.store);
    assert.equal(await base.entry(entry.dn), undefined, 'it is in the view of the sandbox alone');
    assert.ok(await base.in(sharedWorkspace).entry(entry.dn));
    const secure = new Client({
      url: `ldaps://localhost:${ldaps}`,
      tlsOptions: { rejectUnauthorized: false },
    });
    assert.equal((await secure.search('', { scope: 'base' })).searchEntries.length, 1);
    await secure.unbind();
    await assert.rejects(
      startTestPlatform({ withoutDefaults: true, environment: { LDAP_PORT: String(ldap) } }),
      new RegExp(`LDAP_PORT ${ldap} is taken`),
    );
    const entries: AuditLine[] = [];
    for await (const entry of searchAudit(join(platform.dataDir, 'audit'), {}))
      if (entry.api === 'spine-directory-ldap') entries.push(entry);
    assert.deepEqual(
      entries.map(({ action, status, environment }) => [action, status, environment]),
      [
        ['add *,ou=services,o=nhs', 200, 'sandbox'],
        ['search sub ou=services,o=nhs (uniqueIdentifier=)', 200, 'sandbox'],
      ],
    );
    await platform.end();
  });
});

describe('the directory over LDAP, at its limits', () => {
  it('gives what it may give of more, and all of it page by page', async () => {
    const ground = await ldapGround({ limits: { size: 2 } });
    const client = ground.client();
    await assert.rejects(client.search(services, { filter: '(nhsIDCode=*)' }), result(4));
    const { searchEntries } = await client.search(services, {
      filter: '(nhsIDCode=*)',
      paged: { pageSize: 100 },
    });
    assert.equal(searchEntries.length, 4);
    await ground.end();
  });

  it('ends a search that takes too long', async () => {
    const ground = await ldapGround({
      limits: { time: 30, size: Number.MAX_SAFE_INTEGER },
      around: endless,
    });
    await assert.rejects(ground.client().search(services), result(3));
    await ground.end();
  });

  it('tells an address that asks too much to wait', async () => {
    let left = 2;
    const ground = await ldapGround({ take: () => (left-- > 0 ? undefined : 7) });
    const client = ground.client();
    await found(client, '(nhsIDCode=YES)');
    await found(client, '(nhsIDCode=YES)');
    await assert.rejects(found(client, '(nhsIDCode=YES)'), result(51, 'again in 7 s'));
    await ground.end();
  });

  it('answers nothing that cannot be entered into the audit', async () => {
    const ground = await ldapGround({
      enter: () => Promise.reject(new Problem('unavailable', 'Not now')),
    });
    await assert.rejects(ground.client().search(services), result(52));
    await ground.end();
  });
});

/** Entries without end, each after others had their turn. */
function endless(directory: Directory): Directory {
  const around: Directory = {
    ...directory,
    in: () => around,
    async *search({ goOn }) {
      for (;;) {
        goOn?.();
        yield { dn: services, attributes: { ou: ['x'] } };
        await new Promise(setImmediate);
      }
    },
  };
  return around;
}
