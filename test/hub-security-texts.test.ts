/** What strangers can have the developer hub say: on its pages, in its messages, and instead of what others said. */
import assert from 'node:assert/strict';
import { openFeedback } from '../server/portal/feedback.ts';
import { openTickets } from '../server/portal/help-tickets.ts';
import { administrationGround } from './administration-ground.ts';
import {
  goodPassword,
  hubClient,
  linkTo,
  newAccount,
  signedIn,
  type HubClient,
} from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('what strangers have the hub say', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let anybody: HubClient;
  before(async () => {
    platform = await startTestPlatform({ environment: { TRUSTED_PROXIES: '127.0.0.1,::1' } });
    anybody = hubClient(platform.url);
  });
  after(() => platform.end());

  const mails = async () => (await anybody.get('/outbox')).html;

  it('puts no links to other sites, and no words of strangers, among the pages that were useful', async () => {
    const form = await anybody.get('/feedback');
    const send = (page: string) => anybody.send(form, '/feedback', { page, useful: 'yes' });
    const theirs = [
      ...['/\\evil.example/x', '//evil.example', '/catalogue/buy-at-evil.example'],
      ...['/help/sent/evil.example', '/products/evil.example', '/evil.example', '/%5cevil.example'],
    ];
    for (const page of [...theirs, '/catalogue/personal-demographics', '/status'])
      assert.equal((await send(page)).to, '/feedback/thanks');
    const { html } = await anybody.get('/feedback/answers');
    assert.ok(!html.includes('evil'));
    assert.match(html, /href="\/catalogue\/personal-demographics"/);
    assert.match(html, /href="\/status"/);
    const given = await anybody.get(`/feedback?page=${encodeURIComponent('/\\evil.example')}`);
    assert.ok(!given.html.includes('evil'));
  });

  it('sends nothing that a stranger typed to an address that is anybody’s', async () => {
    const fields = { email: 'victim@example.org', password: goodPassword, terms: 'yes' };
    const name = 'You have won. Call 0800 123 now';
    assert.equal((await anybody.fill('/sign-up', { ...fields, name })).to, '/sign-up/sent');
    await linkTo(anybody, 'victim@example.org', '/sign-up/confirm/');
    assert.ok(!(await mails()).includes('You have won'));
  });

  for (const name of [
    'Win at http://evil.example',
    'Go to WWW.evil.example',
    'Team \u202egnihtemos',
  ])
    it(`takes no name that reads otherwise in messages: ${JSON.stringify(name)}`, async () => {
      const fields = { email: 'one@example.org', password: goodPassword, terms: 'yes' };
      assert.equal((await anybody.fill('/sign-up', { ...fields, name })).status, 422);
      const developer = await signedIn(platform, 'developer');
      assert.equal((await developer.fill('/teams/new', { name })).status, 422);
      assert.equal((await developer.fill('/account/name', { name })).status, 422);
    });

  it('answers a request for help at the address that the account has now', async () => {
    const { client, email } = await newAccount(platform);
    const asked = { kind: 'technical', subject: 'A question', text: 'Why?', reference: '' };
    const number = (await client.fill('/help/ask', asked)).to.split('/').at(-1) ?? '';
    const moved = `answered-${Date.now()}@example.org`;
    await client.fill('/account/email', { email: moved, current_password: goodPassword });
    await client.fill(await linkTo(client, moved, '/account/email/'), {});
    const operator = await signedIn(platform, 'operator');
    const answer = { text: 'For your eyes only.', state: 'answered' };
    const path = `/operations/tickets/${number}`;
    assert.equal((await operator.fill(path, answer)).status, 303);
    const told = (await mails()).split('<article ').filter((one) => one.includes('your eyes only'));
    assert.equal(told.length, 1);
    assert.ok(told[0]?.includes(moved) && !told[0].includes(email));
  });

  it('still takes requests for help of accounts when strangers have sent too many', async () => {
    const { client } = await newAccount(platform);
    const asked = { kind: 'technical', subject: 'A question', text: 'Why?', reference: '' };
    const ask = async (by: HubClient, from: string) =>
      (await by.send(await by.get('/help/ask'), '/help/ask', asked, { 'x-forwarded-for': from }))
        .status;
    for (let n = 0; n < 300; n++) {
      const status = await ask(anybody, `192.0.2.${n % 30}`);
      if (status === 429) break;
      assert.equal(status, 303);
    }
    assert.equal(await ask(anybody, '198.51.100.1'), 429);
    assert.equal(await ask(client, '198.51.100.1'), 303);
  });
});

describe('requests for help and feedback in numbers', () => {
  it('show the newest, whatever number came before', async () => {
    const ground = await administrationGround();
    const actor = { id: 'o', role: 'operator', organisation: '*' } as const;
    const tickets = openTickets(ground);
    const book = openFeedback(ground);
    const asked = { kind: 'other', subject: 's', text: 't', email: '', reference: '' } as const;
    let last = '';
    for (let n = 0; n < 1_010; n++) {
      ground.clock.time += 1_000;
      last = (await tickets.create({ ...asked, account: 'a' })).id;
      await book.add({ page: n === 1_009 ? '/last' : '/first', useful: 'yes', text: '' });
    }
    assert.equal((await tickets.list(actor, 'open'))[0]?.id, last);
    assert.equal((await tickets.list(actor, 'open', 'other'))[0]?.id, last);
    assert.equal((await tickets.of('a'))[0]?.id, last);
    assert.equal((await book.list(actor, 'new'))[0]?.page, '/last');
    assert.ok((await book.counts()).some(({ page }) => page === '/last'));
    await ground.end();
  });
});
