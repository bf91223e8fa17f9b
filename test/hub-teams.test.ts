/** Teams of the developer hub over HTTP: invite, join, change, leave; and who may not. */
import assert from 'node:assert/strict';
import { systemClock } from '../core/clock.ts';
import { hubClient, linkTo, newAccount, signedIn, type HubClient } from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('teams of the hub', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let owner: HubClient;
  let admin: HubClient;
  let viewer: HubClient;
  let outsider: HubClient;
  let team: string;
  const emails: Record<string, string> = {};
  let ahead = 0;

  before(async () => {
    platform = await startTestPlatform({
      clock: { now: () => systemClock.now() + ahead, newId: () => systemClock.newId() },
    });
    const make = async (name: string) => {
      const { client, email } = await newAccount(platform, name);
      emails[name] = email;
      return client;
    };
    owner = await make('Olive Owner');
    admin = await make('Adam Admin');
    viewer = await make('Vera Viewer');
    outsider = await make('Otto Outsider');
    team = (await owner.fill('/teams/new', { name: 'Shared team' })).to;
    await invited(admin, 'Adam Admin', 'admin');
    await invited(viewer, 'Vera Viewer', 'viewer');
  });
  after(() => platform.end());

  const invite = (by: HubClient, email: string, role: string) =>
    by.fill(`${team}/invite`, { email, role });

  async function invited(who: HubClient, name: string, role: string): Promise<void> {
    const email = emails[name] ?? '';
    assert.equal((await invite(owner, email, role)).to, team);
    const link = await linkTo(who, email, '/invitations/');
    assert.equal((await who.fill(link, {})).to, team);
  }

  const idOf = async (name: string): Promise<string> => {
    const { html } = await owner.get(team);
    const found = new RegExp(`${name}[\\s\\S]*?/members/([A-Za-z0-9]{32})`).exec(html);
    return found?.[1] ?? '';
  };
  const roleOf = async (name: string) => {
    const { html } = await owner.get(team);
    return new RegExp(`${name}[\\s\\S]*?<td class="nhsuk-table__cell"[^>]*>(\\w+)</td>`).exec(
      html,
    )?.[1];
  };

  it('R042 are made by anybody with an account, whatever the role, and by nobody without', async () => {
    const stranger = hubClient(platform.url);
    assert.match((await stranger.get('/teams/new')).to, /^\/sign-in/);
    const { client: newcomer } = await newAccount(platform, 'Nora Newcomer');
    const staff = ['viewer', 'auditor', 'operator', 'product-owner'];
    const known = await Promise.all(staff.map((who) => signedIn(platform, who)));
    for (const client of [newcomer, ...known]) {
      const made = await client.fill('/teams/new', { name: 'A team of my own' });
      assert.match(made.to, /^\/teams\/[A-Z0-9]+$/, made.faults.join());
      const page = await client.get(made.to);
      assert.equal(page.title, 'A team of my own');
      assert.match(page.html, />owner</i);
    }
  });

  it('show members, roles and code to all of them, and nothing to others', async () => {
    for (const member of [owner, admin, viewer]) {
      const { status, html } = await member.get(team);
      assert.equal(status, 200);
      assert.match(html, /Olive Owner/);
      assert.match(html, new RegExp(team.slice('/teams/'.length)));
    }
    for (const path of ['', '/change', '/invite', `/members/${await idOf('Adam Admin')}`]) {
      assert.equal((await outsider.get(team + path)).status, 404, path);
      const sent = await outsider.send(
        await outsider.get('/account/name'),
        `${team}${path || '/change'}`,
        { name: 'Taken' },
      );
      assert.equal(sent.status, 404, path);
    }
  });

  it('let a viewer see and leave, and refuse all else by the rule book', async () => {
    const page = await viewer.get(team);
    assert.doesNotMatch(page.html, /Invite somebody|Change name/);
    assert.equal((await viewer.fill(`${team}/change`, { name: 'Mine now' })).status, 403);
    assert.equal((await invite(viewer, 'friend@example.org', 'viewer')).status, 403);
    const path = `${team}/members/${await idOf('Adam Admin')}`;
    const token = await viewer.get('/account/name');
    assert.equal((await viewer.send(token, path, { role: 'viewer' })).status, 403);
    assert.equal((await viewer.send(token, path, { remove: 'yes' })).status, 403);
    const self = `${team}/members/${await idOf('Vera Viewer')}`;
    assert.equal((await viewer.send(token, self, { role: 'owner' })).status, 403);
    assert.equal(await roleOf('Vera Viewer'), 'viewer');
  });

  it('let an admin manage all but owners', async () => {
    const vera = `${team}/members/${await idOf('Vera Viewer')}`;
    assert.equal((await admin.fill(vera, { role: 'admin' })).status, 303);
    assert.equal((await admin.fill(vera, { role: 'viewer' })).status, 303);
    const olive = `${team}/members/${await idOf('Olive Owner')}`;
    const adam = `${team}/members/${await idOf('Adam Admin')}`;
    assert.equal((await admin.fill(olive, { role: 'viewer' })).status, 403);
    assert.equal((await admin.fill(olive, { remove: 'yes' })).status, 403);
    assert.equal((await admin.fill(adam, { role: 'owner' })).status, 403);
    assert.equal((await invite(admin, 'boss@example.org', 'owner')).status, 403);
    assert.equal(await roleOf('Olive Owner'), 'owner');
  });

  it('keep their last owner, even when two owners go at the same moment', async () => {
    const olive = `${team}/members/${await idOf('Olive Owner')}`;
    const adam = `${team}/members/${await idOf('Adam Admin')}`;
    for (const fields of [{ role: 'viewer' }, { remove: 'yes' }] as Record<string, string>[]) {
      const page = await owner.fill(olive, fields);
      assert.equal(page.status, 409);
      assert.deepEqual(page.faults, ['A team needs an owner: make somebody else an owner first']);
    }
    assert.equal((await owner.fill(adam, { role: 'owner' })).status, 303);
    const [one, two] = await Promise.all([
      owner.fill(olive, { role: 'admin' }),
      admin.fill(adam, { role: 'admin' }),
    ]);
    assert.deepEqual([one.status, two.status].sort(), [303, 409]);
    const roles = [await roleOf('Olive Owner'), await roleOf('Adam Admin')];
    assert.equal(roles.filter((role) => role === 'owner').length, 1);
    const [boss, other] = roles[0] === 'owner' ? [owner, 'Adam Admin'] : [admin, 'Olive Owner'];
    const first = await boss.fill(`${team}/members/${await idOf(other)}`, { role: 'owner' });
    assert.equal(first.status, 303);
    if (other === 'Olive Owner') await boss.fill(adam, { role: 'admin' });
    else await owner.fill(adam, { role: 'admin' });
    assert.deepEqual([await roleOf('Olive Owner'), await roleOf('Adam Admin')], ['owner', 'admin']);
  });

  it('take in only who was invited, once, and only while the invitation stands', async () => {
    const email = emails['Otto Outsider'] ?? '';
    await invite(owner, email, 'viewer');
    const link = await linkTo(owner, email, '/invitations/');
    assert.equal((await viewer.get(link)).status, 403, 'another account');
    const token = await viewer.get('/account/name');
    assert.equal((await viewer.send(token, link, {})).status, 403);
    const page = await owner.get(team);
    const [, id = ''] = /name="withdraw" value="([^"]+)"/.exec(page.html) ?? [];
    assert.equal((await owner.send(page, `${team}/invite`, { withdraw: id })).to, team);
    assert.equal((await outsider.get(link)).status, 410, 'withdrawn');
    ahead += 61_000; // else it would be the third message to one address within a minute
    await invite(owner, email.toUpperCase(), 'viewer');
    const second = await linkTo(owner, email.toUpperCase(), '/invitations/');
    assert.equal((await outsider.fill(second, {})).to, team);
    assert.equal((await outsider.get(second)).status, 410, 'used');
    const otto = `${team}/members/${await idOf('Otto Outsider')}`;
    assert.equal((await outsider.fill(otto, { remove: 'yes' })).to, '/teams');
    assert.equal((await outsider.get(team)).status, 404);
  });

  it('do not honour the invitation of who was removed meanwhile', async () => {
    const email = emails['Otto Outsider'] ?? '';
    const adam = `${team}/members/${await idOf('Adam Admin')}`;
    const sent = await invite(admin, email.replace('@', '+late@'), 'viewer');
    assert.equal(sent.to, team);
    const late = await newAccountWith(email.replace('@', '+late@'));
    const link = await linkTo(late, email.replace('@', '+late@'), '/invitations/');
    assert.equal((await owner.fill(adam, { remove: 'yes' })).to, team);
    const page = await late.fill(link, {});
    assert.equal(page.status, 410);
    assert.equal((await admin.get(team)).status, 404);
  });

  const newAccountWith = async (email: string) => {
    const { client } = await newAccount(platform, 'Late Comer');
    await client.fill('/account/email', { email, current_password: 'three quiet otters swim' });
    await client.fill(await linkTo(client, email, '/account/email/'), {});
    return client;
  };

  it('check an ODS code against the directory, and give nothing of that organisation for it', async () => {
    const fields = { name: 'With a code', type: 'provider' };
    const unknown = await owner.fill('/teams/new', { ...fields, ods_code: 'ZZZ99' });
    assert.deepEqual(unknown.faults, [
      'There is no active organisation with this ODS code in the directory',
    ]);
    for (const code of ['../x', '<b>', '*', 'A'.repeat(500)])
      assert.equal((await owner.fill('/teams/new', { ...fields, ods_code: code })).status, 422);
    const made = await owner.fill('/teams/new', { ...fields, ods_code: 'y12345' });
    const page = await owner.get(made.to);
    assert.match(page.html, /Y12345/);
    assert.match(page.html, /Health or care provider/);
    assert.doesNotMatch((await owner.get('/account')).html, /Demo:/);
  });

  it('that are there from the start have one account in each role', async () => {
    const developer = await signedIn(platform, 'developer');
    const { html } = await developer.get('/teams/DEMO1');
    for (const text of ['Dana Developer', 'Alex Admin', 'Vic Viewer'])
      assert.match(html, new RegExp(text));
    const other = await signedIn(platform, 'viewer');
    assert.equal((await other.fill('/teams/DEMO1/change', { name: 'Mine' })).status, 403);
    assert.equal((await outsider.get('/teams/DEMO1')).status, 404);
  });
});
