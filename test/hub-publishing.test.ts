/** Command line and publishing of a team in the hub: asking, credentials, publishing with one, and what is refused. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem, type ProblemKind } from '../core/problem.ts';
import { openClient } from '../scripts/gatehouse/client.ts';
import { gatehouse } from '../scripts/gatehouse/program.ts';
import { hubClient, linkTo, newAccount, signedIn, textOf, type HubClient } from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

/** What a command prints is not looked at. */
async function quietly(act: () => Promise<unknown>): Promise<void> {
  const { log, error } = console;
  const write = process.stderr.write.bind(process.stderr);
  console.log = console.error = () => undefined;
  process.stderr.write = () => true;
  try {
    await act();
  } finally {
    Object.assign(console, { log, error });
    process.stderr.write = write;
  }
}

describe('publishing of a team in the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let folder: string;
  let owner: HubClient;
  let admin: HubClient;
  let viewer: HubClient;
  let operator: HubClient;
  let team: string;
  let page: string;

  before(async () => {
    platform = await startTestPlatform();
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-publishing-'));
    operator = await signedIn(platform, 'operator');
    owner = (await newAccount(platform, 'Olive Owner')).client;
    team = (await owner.fill('/teams/new', { name: 'Order team' })).to.slice('/teams/'.length);
    page = `/teams/${team}/publishing`;
    admin = await member('Adam Admin', 'admin');
    viewer = await member('Vera Viewer', 'viewer');
  });
  after(async () => {
    await platform.end();
    rmSync(folder, { recursive: true });
  });

  const member = async (name: string, role: string) => {
    const { client, email } = await newAccount(platform, name);
    await owner.fill(`/teams/${team}/invite`, { email, role });
    await client.fill(await linkTo(client, email, '/invitations/'), {});
    return client;
  };
  const decide = (decision: string, by = operator) =>
    by.fill('/operations/publishing', { team, decision });
  /** Has a credential made, and saves its file. */
  const made = async (name: string, by = owner) => {
    const handed = (await by.fill(`${page}/make`, { name })).to;
    assert.match(handed, /^\/handed\//);
    const { html, headers } = await by.get(`${handed}/file`);
    assert.match(headers.get('content-disposition') ?? '', /\.json"/);
    return saved(name, html);
  };
  const saved = (name: string, text: string) => {
    const path = join(folder, `${name}.json`);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const manage = (credential: string) => openClient({ dataDir: folder, credential });
  const pathOf = async (name: string) => {
    const { html } = await owner.get(page);
    return new RegExp(`href="(${page}/\\w{32})">${name}<`).exec(html)?.[1] ?? '';
  };
  const refused =
    (kind: ProblemKind, words = /./) =>
    (error: unknown) =>
      error instanceof Problem && error.kind === kind && words.test(error.message);
  const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });

  it('R105 is asked for by a team, granted by who runs the platform, and taken back with all it gave', async () => {
    assert.match((await owner.get(`/teams/${team}`)).html, new RegExp(`href="${page}"`));
    assert.match((await viewer.get(page)).html, /An owner or admin of the team can ask/);
    assert.equal((await owner.get(`${page}/make`)).status, 403);
    const form = await owner.get('/account/name');
    assert.equal((await owner.send(form, `${page}/make`, { name: 'Early' })).status, 403);
    assert.equal((await viewer.send(form, page, { reason: 'Mine' })).status, 403);
    assert.match((await owner.fill(page, { reason: '' })).faults.join(), /Say what you want/);
    assert.equal((await owner.fill(page, { reason: 'Orders <b>of</b> wards' })).to, page);
    assert.match((await owner.get(page)).html, /asked to publish on/);
    assert.match((await operator.get('/outbox')).html, new RegExp(`The team ${team} asks`));
    assert.equal((await owner.send(form, page, { reason: 'Again' })).status, 409);

    assert.match(textOf((await operator.get('/operations/publishing')).html), /Orders <b>of</);
    for (const who of [owner, await signedIn(platform, 'auditor')]) {
      assert.equal((await who.get('/operations/publishing')).status, 403);
      const own = await who.get('/account/name');
      const sent = { team, decision: 'granted' };
      assert.equal((await who.send(own, '/operations/publishing', sent)).status, 403);
    }
    assert.equal((await decide('perhaps')).status, 422);
    assert.equal((await decide('refused')).status, 303);
    assert.match((await owner.get(page)).html, /Not granted/);
    assert.equal((await owner.fill(page, { reason: 'Orders' })).to, page);
    assert.equal((await decide('granted')).status, 303);

    const file = await made('taken-back');
    await manage(file).call('GET', '/roles');
    assert.equal((await decide('refused')).status, 303);
    await assert.rejects(manage(file).call('GET', '/roles'), refused('unauthenticated'));
    assert.equal((await owner.get(`${page}/make`)).status, 403);
    await owner.fill(page, { reason: 'Orders' });
    await decide('granted');
    await assert.rejects(manage(file).call('GET', '/roles'), refused('unauthenticated'));
  });

  it('R172 lets the producer alone publish, update and withdraw an API, by command', async () => {
    const file = await made('pipeline');
    const document = (version: string) =>
      saved(
        `orders-${version}`,
        JSON.stringify({
          openapi: '3.0.3',
          info: { title: 'Ward orders', version, contact: { email: 'orders@example.org' } },
          paths: {
            '/{id}': {
              get: {
                operationId: 'read-order',
                summary: 'Read an order',
                parameters: [
                  { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
                ],
                responses: {
                  200: {
                    description: 'The order',
                    content: { 'application/json': { example: { id: '17', version } } },
                  },
                },
              },
            },
          },
        }),
      );
    const run = (...args: string[]) =>
      quietly(() =>
        gatehouse().parseAsync([...args, '--credential', file, '--url', platform.url], {
          from: 'user',
        }),
      );
    await run('api', 'new', 'ward-orders', '--owner', team, '--openapi', document('1.0.0'));
    const answer = await fetch(`${platform.url}/ward-orders/17`);
    assert.deepEqual([answer.status, await answer.json()], [200, { id: '17', version: '1.0.0' }]);
    assert.match((await hubClient(platform.url).get('/catalogue/ward-orders')).html, /Ward orders/);
    await run('api', 'spec', 'ward-orders', '--file', document('1.1.0'));
    assert.match(
      (await hubClient(platform.url).get('/catalogue/ward-orders/versions')).html,
      /1\.1\.0/,
    );

    const others = (await newAccount(platform, 'Other Owner')).client;
    const other = (await others.fill('/teams/new', { name: 'Others' })).to.slice(7);
    await others.fill(`/teams/${other}/publishing`, { reason: 'More' });
    await operator.fill('/operations/publishing', { team: other, decision: 'granted' });
    const handed = (await others.fill(`/teams/${other}/publishing/make`, { name: 'x' })).to;
    const strange = manage(saved('strange', (await others.get(`${handed}/file`)).html));
    const forbidden = refused('forbidden', /developer of organisation/);
    const end = { state: 'withdrawn' };
    const state = (client: typeof strange) =>
      client.call('PUT', '/proxies/sandbox.ward-orders/state', { body: end, ifMatch: '*' });
    await assert.rejects(state(strange), forbidden);
    const api = { id: 'theirs', title: 'T', owner: team, contact: 'a@example.org' };
    await assert.rejects(strange.call('POST', '/apis', { body: api }), forbidden);
    await assert.rejects(strange.call('GET', '/administrators'), refused('forbidden'));
    const person = { name: 'Me', role: 'administrator', organisation: '*', keys: [] };
    await assert.rejects(
      manage(file).call('POST', '/administrators', { body: person }),
      refused('forbidden'),
    );
    await run('api', 'withdraw', 'ward-orders', 'sandbox');
    assert.equal((await fetch(`${platform.url}/ward-orders/17`)).status, 404);
  });

  it('lists credentials with maker and last use, and ends one at once, its tokens too', async () => {
    const file = await made('laptop of Adam', admin);
    const path = await pathOf('laptop of Adam');
    const row = async (by: HubClient) =>
      textOf(/laptop of Adam<[^]*?<\/tr>/.exec((await by.get(page)).html)?.[0] ?? '');
    assert.match(await row(viewer), /Works[^]*Adam Admin[^]*Never/);
    const client = manage(file);
    await client.call('GET', '/roles');
    assert.doesNotMatch(await row(viewer), /Never/);
    assert.match((await viewer.get(path)).html, /management\/token/);
    assert.doesNotMatch((await owner.get(path)).html, /BEGIN PRIVATE/);
    assert.doesNotMatch((await viewer.get(path)).html, /Revoke it/);
    const own = await viewer.get('/account/name');
    assert.equal((await viewer.send(own, path, {})).status, 403);
    assert.equal((await viewer.get(`${page}/make`)).status, 403);
    await client.call('GET', '/roles');
    assert.equal((await owner.fill(path, {})).to, page);
    await assert.rejects(client.call('GET', '/roles'), refused('unauthenticated'));
    await assert.rejects(manage(file).call('GET', '/roles'), refused('unauthenticated'));
    assert.match(await row(owner), /Revoked/);
    const audit = platform.logged();
    assert.doesNotMatch(audit, /BEGIN PRIVATE/);
  });

  it('takes a public key of its own, and refuses and burns a private one', async () => {
    const pair = ec('P-384');
    const spki = { type: 'spki', format: 'pem' } as const;
    const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
    const pem = pair.publicKey.export(spki).toString();
    const privateKey = pair.privateKey.export(pkcs8).toString();
    const key = { field: 'file', name: 'key.pem', content: pem };
    const { to } = await owner.upload(`${page}/key`, { name: 'own', pasted: '' }, key);
    const shown = textOf(
      /file of the credential">(.*?)<\/pre>/s.exec((await owner.get(to)).html)?.[1] ?? '',
    );
    const credential = { ...(JSON.parse(shown) as object), privateKey };
    await manage(saved('own', JSON.stringify(credential))).call('GET', '/roles');

    const send = async (name: string, pasted: string) =>
      owner.fill(`${page}/key`, { name, pasted });
    const wrong: readonly (readonly [string, string, RegExp])[] = [
      ['', pem, /Enter a name/],
      ['x', '', /Choose a file or paste/],
      ['x', 'no key!', /This is no key/],
      ['x', ec('P-256').publicKey.export(spki).toString(), /RSA, for RS512 or RS384, and of P-384/],
      ['x', pem + ec('P-384').publicKey.export(spki).toString(), /Send one key/],
      ['x', privateKey, /This is a private key/],
      ['x', pem, /can never be used again/],
    ];
    for (const [name, pasted, words] of wrong) {
      const answer = await send(name, pasted);
      assert.equal(answer.status, 422, answer.title);
      assert.match(answer.faults.join(), words);
      assert.doesNotMatch(answer.html, /BEGIN PRIVATE/);
    }
  });

  it('is not there for strangers, other accounts or other teams, and shows no person as a credential', async () => {
    const outsider = (await newAccount(platform, 'Otto Outsider')).client;
    const path = await pathOf('pipeline');
    for (const one of [page, path, `${page}/make`, `${page}/key`]) {
      assert.equal((await outsider.get(one)).status, 404, one);
      assert.equal((await hubClient(platform.url).get(one)).status, 303, one);
      const own = await outsider.get('/account/name');
      assert.equal((await outsider.send(own, one, { name: 'x', reason: 'x' })).status, 404, one);
    }
    const their = (await outsider.fill('/teams/new', { name: 'Mine' })).to;
    const id = path.slice(path.lastIndexOf('/'));
    const own = await outsider.get('/account/name');
    assert.equal((await outsider.send(own, `${their}/publishing${id}`, {})).status, 404);
    const forged = await owner.post(`${page}/make`, 'name=Forged');
    assert.equal(forged.status, 403);
    assert.equal(await pathOf('Forged'), '');
    await manage(join(folder, 'pipeline.json')).call('GET', '/roles');
  });

  it('goes on when its maker leaves, says so, and ends with the team', async () => {
    const file = await made('of Adam', admin);
    const members = await admin.get(`/teams/${team}`);
    const place =
      /href="(\/teams\/\w+\/members\/\w+)">Change or leave/.exec(members.html)?.[1] ?? '';
    assert.match(
      (await admin.get(place)).html,
      /are the team&#39;s and go on working|are the team's/,
    );
    await admin.fill(place, { remove: 'yes' });
    await manage(file).call('GET', '/roles');
    assert.match(
      (await owner.get(page)).html,
      /of Adam<[^]*Adam Admin <strong[^>]*>Not in the team/,
    );

    const { client: alone } = await newAccount(platform, 'Alone');
    const own = (await alone.fill('/teams/new', { name: 'Short' })).to;
    await alone.fill(`${own}/publishing`, { reason: 'Soon over' });
    const decision = { team: own.slice('/teams/'.length), decision: 'granted' };
    await operator.fill('/operations/publishing', decision);
    const handed = (await alone.fill(`${own}/publishing/make`, { name: 'last' })).to;
    const last = saved('last', (await alone.get(`${handed}/file`)).html);
    await manage(last).call('GET', '/roles');
    const ended = await alone.fill('/account/delete', {
      ...{ current_password: 'three quiet otters swim', confirm: 'yes', sure: 'yes' },
    });
    assert.equal(ended.status, 303, ended.faults.join());
    await assert.rejects(manage(last).call('GET', '/roles'), refused('unauthenticated'));
  });
});
