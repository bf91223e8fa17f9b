/** The backlog in the hub and over the management API: votes, comments, suggestions, and that nobody sees what waits. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Problem, type ProblemKind } from '../core/problem.ts';
import { openClient, type ManagementClient } from '../scripts/gatehouse/client.ts';
import { searchAudit } from '../server/audit/search.ts';
import { hubClient, newAccount, signedIn, textOf, type HubClient } from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('the backlog in the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let anybody: HubClient;
  let operator: HubClient;
  let manage: ManagementClient;
  before(async () => {
    platform = await startTestPlatform();
    anybody = hubClient(platform.url);
    operator = await signedIn(platform, 'operator');
    manage = openClient({ dataDir: platform.dataDir });
  });
  after(() => platform.end());

  const main = (page: { html: string }) => textOf(page.html.slice(page.html.indexOf('<main')));
  const wish = { title: 'Softer <i>buttons</i>', kind: 'platform', text: 'For tired hands.' };
  /** A suggestion that somebody has let through. */
  const idea = async (title: string) => {
    const { body } = await manage.call('POST', '/backlog', { body: { ...wish, title } });
    return String(body.id);
  };
  const votes = async (id: string) => (await manage.call('GET', `/backlog/${id}`)).body.votes;

  it('R136 has items with their state, votes of one an account, and comments', async () => {
    const id = await idea('Answers in Welsh');
    const { client: one } = await newAccount(platform, 'Voter One');
    const { client: two } = await newAccount(platform, 'Voter Two');
    const path = `/backlog/${id}`;
    assert.match(main(await anybody.get('/backlog')), /Idea.*Answers in Welsh.*0 votes/s);
    assert.match((await anybody.get(`${path}/vote`)).to, /^\/sign-in/);
    const before_ = await one.get(path);
    for (const client of [one, two]) {
      const page = await client.get(path);
      const voted = await client.send(page, `${path}/vote`, {});
      assert.equal(voted.to, path);
    }
    assert.equal((await one.send(before_, `${path}/vote`, {})).to, path, 'sent twice');
    assert.equal(await votes(id), 2, 'one an account');
    const voted = await one.get(path);
    assert.match(main(voted), /2 votes.*You have voted for it/s);
    assert.equal((await one.send(voted, `${path}/vote`, {})).to, path);
    assert.equal(await votes(id), 1, 'taken back');
    assert.match(main(await anybody.get(path)), /1 vote\./);

    assert.equal((await one.fill(`${path}/comment`, { text: 'I <b>need</b> it.' })).to, path);
    assert.ok(!main(await anybody.get(path)).includes('need'), 'nobody has read it yet');
    assert.match(main(await one.get(path)), /Voter One.*Waits to be read/s);
    const desk = await operator.get('/operations/backlog');
    const [, comment = ''] =
      /action="(\/operations\/backlog\/comments\/[^"]+)"[^]*?value="shown"/.exec(desk.html) ?? [];
    assert.equal((await operator.send(desk, comment, { decision: 'shown' })).status, 303);
    const shown = await anybody.get(path);
    assert.match(main(shown), /Voter One.*I <b>need<\/b> it/s);
    assert.ok(!shown.html.includes('<b>need'), 'as text');
    const again = await operator.get('/operations/backlog');
    await operator.send(again, comment, { decision: 'removed' });
    assert.ok(!main(await anybody.get(path)).includes('need'));

    const form = await operator.get(`/operations${path}`);
    const decided = { title: 'Answers in Welsh', kind: 'api', text: 'All of them.' };
    const fields = { ...decided, state: 'in progress', answer: 'In spring.' };
    assert.equal((await operator.send(form, `/operations${path}`, fields)).status, 303);
    assert.match(main(await anybody.get(path)), /In progress.*An API.*In spring/s);
    const stale = await operator.send(form, `/operations${path}`, fields);
    assert.equal(stale.status, 409, 'somebody has changed it meanwhile');
    assert.ok(main(await anybody.get('/backlog?kind=api')).includes('Answers in Welsh'));
    assert.ok(!main(await anybody.get('/backlog?kind=platform')).includes('Answers in Welsh'));
  });

  it('counts every vote of many that come at once', async () => {
    const id = await idea('Everybody wants it');
    const who = ['developer', 'admin', 'viewer', 'product-owner', 'administrator', 'auditor'];
    const clients = await Promise.all(who.map((name) => signedIn(platform, name)));
    const pages = await Promise.all(clients.map((client) => client.get(`/backlog/${id}`)));
    await Promise.all(
      clients.flatMap((client, at) => {
        const page = pages[at];
        assert.ok(page);
        return [1, 2, 3].map(() => client.send(page, `/backlog/${id}/vote`, {}));
      }),
    );
    assert.equal(await votes(id), clients.length);
  });

  it('shows a suggestion to its author and those who decide, and to everybody once it is taken', async () => {
    const { client, email } = await newAccount(platform, 'Wishful Thinker');
    const { client: other } = await newAccount(platform);
    assert.match((await anybody.get('/backlog/suggest')).to, /^\/sign-in/);
    const form = await client.get('/backlog/suggest');
    const sent = await client.send(form, '/backlog/suggest', wish);
    assert.match(sent.to, /^\/backlog\/BL-\d+$/, sent.faults.join());
    assert.equal((await client.send(form, '/backlog/suggest', wish)).to, sent.to, 'once');
    assert.equal((await client.get(sent.to)).status, 200);
    assert.match(main(await client.get('/backlog')), /Your suggestions.*Suggested/s);
    for (const stranger of [anybody, other]) {
      assert.equal((await stranger.get(sent.to)).status, 404);
      assert.equal((await stranger.get(`${sent.to}/comment`)).status === 200, false);
      assert.ok(!main(await stranger.get('/backlog')).includes('Softer'));
    }
    const page = await other.get('/backlog/BL-1');
    assert.equal((await other.send(page, `${sent.to}/vote`, formToken(page.html))).status, 404);
    assert.equal((await other.get('/operations/backlog')).status, 403);
    assert.equal((await other.get(`/operations${sent.to}`)).status, 403);
    const auditor = await signedIn(platform, 'auditor');
    assert.equal((await auditor.get('/operations/backlog')).status, 200);
    assert.equal((await auditor.get(`/operations${sent.to}`)).status, 403);

    const fields = { ...wish, state: 'planned', answer: '' };
    await operator.fill(`/operations${sent.to}`, fields);
    const public_ = await anybody.get(sent.to);
    assert.match(main(public_), /Softer <i>buttons<\/i>/);
    assert.ok(!public_.html.includes('Wishful') && !public_.html.includes(email), 'no name');
    await operator.fill(`/operations${sent.to}`, { ...fields, state: 'declined', answer: 'No.' });
    assert.equal((await anybody.get(sent.to)).status, 404);
    assert.match(main(await client.get(sent.to)), /Declined.*No\./s);
  });

  it('keeps a form that is wrong, and says what is', async () => {
    const client = await signedIn(platform, 'developer');
    for (const [changes, fault] of [
      [{ title: '' }, 'Enter what is wished for'],
      [{ kind: 'else' }, 'Say what it is about'],
      [{ text: ' ' }, 'Say who needs it, and what for'],
      [{ text: 'x'.repeat(4_001) }, 'Say it in 4,000 characters or fewer'],
    ] as const) {
      const page = await client.fill('/backlog/suggest', { ...wish, ...changes });
      assert.deepEqual([page.status, page.faults], [422, [fault]]);
    }
    const comment = await client.fill('/backlog/BL-1/comment', { text: '' });
    assert.deepEqual([comment.status, comment.faults], [422, ['Write what you want to say']]);
    const decided = await operator.fill('/operations/backlog/BL-1', { ...wish, state: 'lost' });
    assert.deepEqual(decided.faults, ['Say what becomes of it']);
    for (const path of ['/backlog/BL-999999', '/backlog/%00', '/operations/backlog/BL-999999'])
      assert.equal((await operator.get(path)).status, 404, path);
  });

  it('takes no more of one account than somebody can read', async () => {
    const { client } = await newAccount(platform, 'Never Tired');
    let last = await client.fill('/backlog/suggest', wish);
    for (let n = 0; n < 22 && last.status === 303; n++)
      last = await client.fill('/backlog/suggest', wish);
    assert.ok([409, 429].includes(last.status), String(last.status));
    assert.match(last.html, /For tired hands/, 'what was written is kept');
  });

  it('is managed over the API by who may, at the version that was read', async () => {
    const made = await manage.call('POST', '/backlog', { body: { ...wish, state: 'planned' } });
    assert.deepEqual([made.status, made.body.state, made.body.votes], [201, 'planned', 0]);
    const path = `/backlog/${String(made.body.id)}`;
    const refused = async (kind: ProblemKind, ...asked: Parameters<typeof manage.call>) => {
      const error = Problem.from(await manage.call(...asked).catch((thrown: unknown) => thrown));
      assert.equal(error.kind, kind, `${asked[0]} ${asked[1]}`);
      return error.message;
    };
    const without = await refused('invalid', 'PATCH', path, { body: { state: 'done' } });
    assert.match(without, /If-Match/);
    const { etag } = made;
    const done = await manage.call('PATCH', path, { body: { state: 'done' }, ifMatch: etag });
    assert.equal(done.body.state, 'done');
    await refused('precondition-failed', 'PATCH', path, { body: { state: 'idea' }, ifMatch: etag });
    for (const body of [{}, { state: 'lost' }, { title: '' }, { votes: 7 }, { text: '' }])
      await refused('invalid', 'PATCH', path, { body, ifMatch: '*' });
    await refused('not-found', 'GET', '/backlog/BL-999999');
    await refused('invalid', 'GET', '/backlog?state=lost');
    await refused('invalid', 'GET', '/backlog-comments?state=lost');
    await refused('not-found', 'PUT', '/backlog-comments/none/state', { body: { state: 'shown' } });
    const { body } = await manage.call('GET', '/backlog?state=done&limit=200');
    const items = body.items as readonly { id: string; etag: string }[]; // as the answer before
    assert.ok(items.some(({ id }) => path.endsWith(id)));
    assert.ok(!JSON.stringify(body).includes('author'), 'who suggested it is not told');
  });

  it('enters each deed in the audit, refused ones too', async () => {
    const seen = new Set<string>();
    for await (const { action, status } of searchAudit(join(platform.dataDir, 'audit'), {}))
      if (action.startsWith('backlog.')) seen.add(`${action} ${status}`);
    for (const action of ['suggest', 'create', 'change', 'vote', 'unvote', 'comment'])
      assert.ok(seen.has(`backlog.${action} 200`), action);
    const { client } = await newAccount(platform);
    const page = await client.get('/account');
    const fields = { ...formToken(page.html), ...wish, state: 'done', answer: '' };
    assert.equal((await client.send(page, '/operations/backlog/BL-1', fields)).status, 403);
    let refused = 0;
    for await (const { action, status } of searchAudit(join(platform.dataDir, 'audit'), {}))
      if (action === 'backlog.change' && status === 403) refused++;
    assert.ok(refused > 0);
  });

  it('R137 has case studies beside it, listed by reader and found by the search', async () => {
    const page = await anybody.get('/case-studies');
    const studies = [...page.html.matchAll(/href="(\/case-studies\/[a-z-]+)"/g)].map(
      ([, path = '']) => path,
    );
    assert.ok(studies.length >= 3);
    assert.match(main(page), /For those who use APIs.*For those who offer APIs/s);
    assert.ok((await anybody.get('/')).html.includes('href="/case-studies"'));
    for (const path of studies)
      assert.match(main(await anybody.get(path)), /A worked example\..*invented/s, path);
    const found = await anybody.get('/catalogue?q=discharge+summary+reaches');
    assert.ok(found.html.includes('href="/case-studies/discharge-summary"'));
  });
});

/** What proves that a page of ours sent a form, for a form that the page does not show. */
function formToken(html: string): Record<string, string> {
  const token = /name="form_token" value="([^"]+)"/.exec(html)?.[1] ?? '';
  return { form_token: token };
}
