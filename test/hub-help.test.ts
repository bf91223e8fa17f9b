/** Help with a number, and what readers say of pages: asked, answered, bounded, and seen by nobody else. */
import assert from 'node:assert/strict';
import { hubClient, newAccount, signedIn, textOf, type HubClient } from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('help and feedback in the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let anybody: HubClient;
  let operator: HubClient;
  before(async () => {
    platform = await startTestPlatform({
      environment: { CONTENT_LICENCE: 'Open Content Licence' },
    });
    anybody = hubClient(platform.url);
    operator = await signedIn(platform, 'operator');
  });
  after(() => platform.end());

  const main = (page: { html: string }) => textOf(page.html.slice(page.html.indexOf('<main')));
  const question = {
    ...{
      kind: 'technical',
      subject: 'No answer',
      reference: '60e0b220-8136-4ca5-ae46-1d97ef59d068',
    },
    text: 'I called <b>it</b> and nothing came.',
  };

  it('R095 gives who asks a number, and those who answer a message', async () => {
    const { client, email } = await newAccount(platform, 'Lost Caller');
    const form = await client.get('/help/ask');
    const sent = await client.send(form, '/help/ask', question);
    const [, number = ''] = /^\/help\/sent\/(HELP-\d+)$/.exec(sent.to) ?? [];
    assert.ok(number, sent.faults.join());
    assert.equal((await client.send(form, '/help/ask', question)).to, sent.to, 'once');
    assert.match(main(await client.get(sent.to)), new RegExp(`Its number is ${number}`));
    const { html } = await anybody.get('/outbox');
    const mails = html.split('<article ').filter((one) => one.includes(number));
    assert.ok(mails.some((one) => one.includes('To operator@gatehouse.example')));
    assert.ok(
      !mails.some((one) => one.includes('nothing came')),
      'what was asked is not in the mail',
    );

    const desk = await operator.get('/operations/tickets?kind=technical');
    assert.match(desk.html, new RegExp(`href="/operations/tickets/${number}"`));
    assert.ok(!main(await operator.get('/operations/tickets?kind=process')).includes(number));
    const seen = await operator.get(`/operations/tickets/${number}`);
    assert.match(seen.html, /I called &lt;b&gt;it&lt;\/b&gt;/);
    const answer = { text: 'Try it again.', state: 'answered' };
    assert.equal((await operator.send(seen, `/operations/tickets/${number}`, answer)).status, 303);
    assert.match((await anybody.get('/outbox')).html, new RegExp(`To ${email}.*Try it again`, 's'));
    const thread = await client.get(`/help/mine/${number}`);
    assert.match(main(thread), /Answered by .*Try it again\./s);
    await client.send(thread, `/help/mine/${number}`, { text: 'Still nothing.' });
    assert.match(main(await operator.get('/operations/tickets')), new RegExp(number));
    assert.match(main(await client.get('/help/mine')), /No answer/);
  });

  it('R102 R103 has a queue for what is technical and one for process, each request with its history', async () => {
    const { client } = await newAccount(platform, 'Petra Producer');
    const numbers: Record<string, string> = {};
    for (const kind of ['technical', 'process']) {
      const subject = `About ${kind}`;
      const sent = await client.fill('/help/ask', { ...question, kind, subject });
      numbers[kind] = sent.to.split('/').at(-1) ?? '';
    }
    for (const [kind, other] of [
      ['technical', 'process'],
      ['process', 'technical'],
    ] as const) {
      const queue = main(await operator.get(`/operations/tickets?kind=${kind}`));
      assert.ok(queue.includes(numbers[kind] ?? '?'), kind);
      assert.ok(!queue.includes(numbers[other] ?? '?'), kind);
      const path = `/operations/tickets/${numbers[kind]}`;
      await operator.fill(path, { text: `First words on ${kind}.`, state: 'answered' });
      await client.fill(`/help/mine/${numbers[kind]}`, { text: 'And then?' });
      await operator.fill(path, { text: 'That was all.', state: 'closed' });
      const words = `I called.*First words on ${kind}.*And then\\?.*That was all`;
      for (const page of [
        await operator.get(path),
        await client.get(`/help/mine/${numbers[kind]}`),
      ])
        assert.match(main(page), new RegExp(words, 's'));
      const closed = await operator.get(`/operations/tickets?kind=${kind}&state=closed`);
      assert.ok(main(closed).includes(numbers[kind] ?? '?'), 'found again later');
    }
  });

  it('shows a request to who made it and those who answer, and to nobody else', async () => {
    const { client: one } = await newAccount(platform);
    const { client: two } = await newAccount(platform);
    const sent = await one.fill('/help/ask', question);
    const number = sent.to.split('/').at(-1) ?? '';
    assert.equal((await one.get(`/help/mine/${number}`)).status, 200);
    assert.equal((await two.get(`/help/mine/${number}`)).status, 404);
    assert.equal((await two.get(`/operations/tickets/${number}`)).status, 404);
    assert.equal((await two.get('/operations/tickets')).status, 403);
    const auditor = await signedIn(platform, 'auditor');
    assert.equal((await auditor.get(`/operations/tickets/${number}`)).status, 404);
    assert.match((await anybody.get(`/help/mine/${number}`)).to, /^\/sign-in/);
  });

  it('takes a request without an account or an address, and keeps a form that is wrong', async () => {
    const sent = await anybody.fill('/help/ask', question);
    assert.match(sent.to, /^\/help\/sent\/HELP-\d+$/);
    for (const [changes, fault] of [
      [{ kind: 'none' }, 'Say what it is about'],
      [{ subject: ' ' }, 'Enter what it is about, in a few words'],
      [{ text: '' }, 'Say what it is'],
      [{ text: 'x'.repeat(10_001) }, 'Say it in 10,000 characters or fewer'],
      [{ reference: 'x'.repeat(201) }, 'Enter a reference of at most 200 characters'],
      [{ email: 'nobody' }, 'Enter an e-mail address in the form name@example.org'],
    ] as const) {
      const page = await anybody.fill('/help/ask', { ...question, ...changes });
      assert.deepEqual([page.status, page.faults], [422, [fault]]);
    }
    assert.ok(!main(await anybody.get('/help/sent/%3Cb%3E')).includes('<b>'));
  });

  it('stops taking requests and feedback from an address that sends too many', async () => {
    let last = await anybody.fill('/help/ask', question);
    for (let n = 0; n < 12 && last.status === 303; n++)
      last = await anybody.fill('/help/ask', question);
    assert.equal(last.status, 429);
    assert.match(last.faults.join(), /Too many attempts\. Try again in/);
    assert.match(last.html, /nothing came/, 'what was written is kept');
  });

  it('R051 takes feedback on each page, and shows what became of it', async () => {
    const page = await anybody.get('/technologies/mesh');
    const [, link = ''] = /href="(\/feedback\?page=[^"]*useful=no)"/.exec(page.html) ?? [];
    const form = await anybody.get(textOf(link));
    assert.match(form.html, /value="no" checked/);
    assert.ok(!form.html.includes('type="email"'), 'nobody is asked who they are');
    const said = { useful: 'no', text: 'The <i>token</i> is hard to make.' };
    assert.equal((await anybody.send(form, '/feedback', said)).to, '/feedback/thanks');
    const wrong = await anybody.send(form, '/feedback', { useful: 'perhaps' });
    assert.deepEqual(wrong.faults, ['Say whether the page was useful']);

    assert.match((await anybody.get('/operations/feedback')).to, /^\/sign-in/);
    const list = await operator.get('/operations/feedback');
    assert.match(list.html, /The &lt;i&gt;token&lt;\/i&gt; is hard to make/);
    const [, one = ''] =
      /href="(\/operations\/feedback\/[^"]+)">\/technologies\/mesh/.exec(list.html) ?? [];
    const answer = { state: 'done', answer: 'There is a script for it now.' };
    assert.equal((await operator.fill(one, answer)).status, 303);
    assert.ok(!main(await operator.get('/operations/feedback')).includes('hard to make'));
    const public_ = main(await anybody.get('/feedback/answers'));
    assert.match(public_, /There is a script for it now/);
    assert.ok(!public_.includes('hard to make'), 'what was said is for those who read it');
  });

  it('is asked for on every page, without what is secret in its address', async () => {
    const { client } = await newAccount(platform, 'Kept Secret');
    const { html } = await client.get('/teams');
    const [, team = ''] = /href="(\/teams\/[A-Z0-9]{5,12})"/.exec(html) ?? [];
    const asked = async (one: HubClient, path: string) =>
      /href="\/feedback\?page=([^&]*)&/.exec((await one.get(path)).html)?.[1];
    assert.equal(await asked(client, team), encodeURIComponent('/teams/:team'));
    for (const path of ['/', '/status', '/help', '/sign-in', '/catalogue', '/guides/operator'])
      assert.equal(await asked(anybody, path), encodeURIComponent(path));
    for (const bad of ['//evil.example', 'https://evil.example', 'javascript:alert(1)', '/x y']) {
      const form = await anybody.get(`/feedback?page=${encodeURIComponent(bad)}`);
      assert.match(form.html, /class="nhsuk-back-link" href="\/"/, bad);
    }
  });

  it('R160 states the licence of the text, as it is set', async () => {
    assert.match(
      (await anybody.get('/start')).html,
      /may be used under the Open Content Licence\./,
    );
  });
});
