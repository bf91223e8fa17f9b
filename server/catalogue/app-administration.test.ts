import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import {
  administrationGround,
  actorOf,
  newApp,
  type AdministrationGround,
} from '../../test/administration-ground.ts';
import { appCollection } from './apps.ts';
import type { AppAdministration } from './app-administration.ts';
import { openCatalogue } from './catalogue.ts';

const isProblem =
  (kind: string, message = /./) =>
  (error: unknown) =>
    error instanceof Problem && error.kind === kind && message.test(error.message);

describe('the administration of apps', () => {
  let ground: AdministrationGround;
  let apps: AppAdministration;
  beforeEach(async () => {
    ground = await administrationGround();
    ({ apps } = ground.administration);
  });
  afterEach(() => ground.end());

  const admin = actorOf('administrator');
  const developer = actorOf('developer', 'Y90001');
  const stranger = actorOf('developer', 'Y90002');

  it('R041 makes an app with name, owner, environment and a client id of its own', async () => {
    const { id } = await apps.create(developer, newApp);
    const { value } = await apps.register(developer, id, 'sandbox');
    assert.equal(value.name, 'Ward round');
    assert.equal(value.owner, 'Y90001');
    assert.match(value.registrations.sandbox?.clientId ?? '', /^[A-Za-z0-9]{32}$/);
    assert.equal(value.registrations.sandbox?.state, 'approved');
    const catalogue = await openCatalogue(ground.store);
    const client = catalogue.client(value.registrations.sandbox.clientId);
    catalogue.close();
    assert.equal(client?.app.id, id);
    assert.equal(client.environment, 'sandbox');
  });

  it('enters each change in the audit before it is answered, with who, what and which commit', async () => {
    const { id, commit } = await apps.create({ ...developer, call: call('r-1') }, newApp);
    const [entry] = await ground.entries();
    assert.equal(entry?.kind, 'change');
    assert.equal(entry.api, 'management');
    assert.equal(entry.action, 'app.create');
    assert.equal(entry.app, id);
    assert.equal(entry.user, developer.id);
    assert.equal(entry.role, 'developer');
    assert.equal(entry.commit, commit);
    assert.equal(entry.requestId, 'r-1');
    assert.equal(entry.address, '192.0.2.1');
  });

  it('enters what the role table refuses as well', async () => {
    const { id } = await apps.create(developer, newApp);
    await assert.rejects(
      apps.change(stranger, id, { name: 'Mine' }),
      isProblem('forbidden', /app\.change .* role developer of organisation Y90002/),
    );
    const entry = (await ground.entries()).at(-1);
    assert.deepEqual(
      [entry?.action, entry?.status, entry?.code, entry?.user, entry?.commit],
      ['app.change', 403, 'ROLE', stranger.id, 0],
    );
  });

  it('changes nothing while the audit cannot be written', async () => {
    await ground.journal.close();
    await assert.rejects(apps.create(admin, newApp), isProblem('unavailable'));
    assert.equal(await ground.store.open(appCollection).count(), 0);
  });

  it('lets a production registration wait for approval', async () => {
    const { id } = await apps.create(developer, newApp);
    const at = { app: id, environment: 'production' } as const;
    const { value } = await apps.register(developer, id, 'production');
    assert.equal(value.registrations.production?.state, 'pending');
    assert.equal(value.registrations.production.switches.shorterLifetimes, false);
    await assert.rejects(apps.decide(developer, at, 'approved'), isProblem('forbidden'));
    const approved = await apps.decide(admin, at, 'approved');
    assert.equal(approved.value.registrations.production?.state, 'approved');
    const revoked = await apps.decide(developer, at, 'revoked');
    assert.equal(revoked.value.registrations.production?.state, 'revoked');
    await assert.rejects(apps.decide(developer, at, 'approved'), isProblem('forbidden'));
  });

  it('registers an app once in an environment', async () => {
    const { id } = await apps.create(developer, newApp);
    const all = await Promise.allSettled(
      Array.from({ length: 10 }, () => apps.register(developer, id, 'uat')),
    );
    assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1);
    await assert.rejects(apps.register(developer, id, 'uat'), isProblem('conflict'));
  });

  it('refuses a change against a version that is no longer there', async () => {
    const { id, version } = await apps.create(developer, newApp);
    await apps.change(developer, id, { name: 'Second' }, version);
    await assert.rejects(
      apps.change(developer, id, { name: 'Third' }, version),
      isProblem('precondition-failed'),
    );
    const both = await Promise.allSettled([
      apps.change(developer, id, { name: 'Left' }, version + 1),
      apps.change(developer, id, { name: 'Right' }, version + 1),
    ]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  it('lets a developer neither make nor give away an app of another organisation', async () => {
    await assert.rejects(apps.create(stranger, newApp), isProblem('forbidden'));
    const { id } = await apps.create(developer, newApp);
    await assert.rejects(apps.change(developer, id, { owner: 'Y90002' }), isProblem('forbidden'));
    await assert.rejects(apps.read(stranger, id), isProblem('forbidden'));
    assert.equal((await apps.change(admin, id, { owner: 'Y90002' })).value.owner, 'Y90002');
  });

  it('lists what is in reach, page by page', async () => {
    for (const owner of ['Y90001', 'Y90002', 'Y90001'])
      await apps.create(admin, { ...newApp, owner });
    const owners = async (actor: typeof admin, query = {}) =>
      (await apps.list(actor, query)).items.map(({ value }) => value.owner);
    assert.deepEqual((await owners(admin)).sort(), ['Y90001', 'Y90001', 'Y90002']);
    assert.deepEqual(await owners(developer), ['Y90001', 'Y90001']);
    assert.deepEqual(await owners(admin, { owner: 'Y90002' }), ['Y90002']);
    await assert.rejects(apps.list(developer, { owner: 'Y90002' }), isProblem('forbidden'));
    const first = await apps.list(admin, { limit: 2 });
    assert.equal(first.items.length, 2);
    const rest = await apps.list(admin, { limit: 2, after: first.next ?? '' });
    assert.equal(rest.items.length, 1);
    assert.equal(rest.next, undefined);
  });

  it('keeps what is given by agreement from developers', async () => {
    const { id } = await apps.create(developer, newApp);
    const at = { app: id, environment: 'uat' } as const;
    await apps.register(developer, id, 'uat');
    const agreed = [
      { asid: '200000001115' },
      { partyKey: 'Y90001-100001' },
      { attributes: { 'pds.app-restricted.update': 'true' } },
      { switches: { shorterLifetimes: true } },
    ];
    for (const fields of agreed) {
      const mixed = { ...fields, origins: [] };
      await assert.rejects(apps.changeRegistration(developer, at, mixed), isProblem('forbidden'));
      const { value } = await apps.changeRegistration(actorOf('operator'), at, fields);
      assert.deepEqual({ ...value.registrations.uat, ...fields }, value.registrations.uat);
    }
    const cleared = await apps.changeRegistration(admin, at, { asid: '' });
    assert.equal('asid' in (cleared.value.registrations.uat ?? {}), false);
    assert.equal(cleared.value.registrations.uat?.partyKey, 'Y90001-100001');
  });

  it('lets nobody widen what was approved for production but those who approve', async () => {
    const { id } = await apps.create(developer, newApp);
    const at = { app: id, environment: 'production' } as const;
    const mine = { provider: 'nhs-cis2', clientId: 'mine' } as const;
    const theirs = { provider: 'nhs-cis2', clientId: 'theirs' } as const;
    const kinds = ['patient-facing', 'point-of-care'] as const;
    await apps.register(developer, id, 'production');
    await apps.changeRegistration(developer, at, { providerClients: [mine] });
    await apps.decide(admin, at, 'approved');
    await assert.rejects(apps.change(developer, id, { kinds }), isProblem('forbidden', /approve/));
    const wider = { providerClients: [mine, theirs] };
    const refused = apps.changeRegistration(developer, at, wider);
    await assert.rejects(refused, isProblem('forbidden', /app\.agree/));
    await apps.change(developer, id, { kinds: ['point-of-care'], name: 'Ward' });
    await apps.changeRegistration(developer, at, { providerClients: [] });
    await apps.change(actorOf('operator'), id, { kinds });
    await apps.changeRegistration(actorOf('operator'), at, wider);
    await apps.change(developer, id, { kinds: ['patient-facing'] });
  });

  it('sets what a developer may, and keeps the rest', async () => {
    const { id } = await apps.create(developer, newApp);
    await apps.register(developer, id, 'uat');
    const fields = {
      redirectUris: ['https://example.org/callback'],
      launchUrl: 'https://example.org/launch',
      smartAuthentication: 'none',
      providerClients: [{ provider: 'nhs-cis2', clientId: 'mine' }],
    } as const;
    const at = { app: id, environment: 'uat' } as const;
    const { value } = await apps.changeRegistration(developer, at, fields);
    assert.deepEqual({ ...value.registrations.uat, ...fields }, value.registrations.uat);
    assert.equal(value.registrations.uat?.state, 'approved');
  });

  it('sets how a client certificate counts, and takes it away again', async () => {
    const { id } = await apps.create(developer, newApp);
    await apps.register(developer, id, 'uat');
    const at = { app: id, environment: 'uat' } as const;
    const fields = {
      tlsClientAuth: 'beside',
      tlsClientAuthSanDns: 'ward.example.org',
      tlsClientCertificateBoundAccessTokens: true,
    } as const;
    const { value } = await apps.changeRegistration(developer, at, fields);
    assert.deepEqual({ ...value.registrations.uat, ...fields }, value.registrations.uat);
    const none = {
      tlsClientAuth: 'none',
      tlsClientAuthSanDns: '',
      tlsClientCertificateBoundAccessTokens: false,
    } as const;
    const cleared = (await apps.changeRegistration(developer, at, none)).value;
    for (const name of Object.keys(none))
      assert.equal(name in (cleared.registrations.uat ?? {}), false, name);
  });

  const wrong: readonly (readonly [name: string, fields: object])[] = [
    ['a certificate name with a wildcard', { tlsClientAuthSanDns: '*.example.org' }],
    ['a certificate name in capitals', { tlsClientAuthSanDns: 'Ward.example.org' }],
    ['an ASID of 11 digits', { asid: '12345678901' }],
    ['a party key without digits', { partyKey: 'Y90001' }],
    ['an unknown attribute', { attributes: { admin: 'true' } }],
    ['an attribute named as a prototype', { attributes: { constructor: 'true' } }],
    ['an attribute with a line break', { attributes: { 'pds.custom-attributes': 'a\r\nb' } }],
    [
      'eleven redirect URIs',
      { redirectUris: Array.from({ length: 11 }, (_, i) => `https://a.example/${i}`) },
    ],
    ['a redirect URI twice', { redirectUris: ['https://a.example/', 'https://a.example/'] }],
    ['a redirect URI with a wildcard', { redirectUris: ['https://*.example/'] }],
  ];
  for (const [name, fields] of wrong)
    it(`refuses ${name}`, async () => {
      const { id } = await apps.create(developer, newApp);
      await apps.register(developer, id, 'sandbox');
      const at = { app: id, environment: 'sandbox' } as const;
      await assert.rejects(apps.changeRegistration(admin, at, fields), isProblem('invalid'));
    });

  it('refuses apps without a kind, a name or a real organisation code', async () => {
    for (const fields of [
      { kinds: [] },
      { name: '' },
      { owner: 'y90001' },
      { owner: '*' },
      { contact: '' },
    ])
      await assert.rejects(apps.create(admin, { ...newApp, ...fields }), isProblem('invalid'));
  });

  it('gives names back as they came, whatever they hold', async () => {
    const name = '<script>alert(1)</script>\r\nX: y \u202e"\'';
    const { id } = await apps.create(admin, { ...newApp, name });
    assert.equal((await apps.read(admin, id)).value.name, name);
  });

  it('says what is not there', async () => {
    await assert.rejects(apps.read(admin, 'nobody'), isProblem('not-found'));
    await assert.rejects(apps.read(admin, ''), isProblem('not-found'));
    const { id } = await apps.create(admin, newApp);
    const at = { app: id, environment: 'sit' } as const;
    await assert.rejects(apps.decide(admin, at, 'approved'), isProblem('not-found', /register/));
  });
});

function call(requestId: string) {
  return { requestId, correlationId: '', address: '192.0.2.1' };
}
