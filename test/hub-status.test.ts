/** Status, incidents and operations in the hub, over what checks and calls have left in the store. */
import assert from 'node:assert/strict';
import { dayId, statusCollection, type FoundStatus } from '../server/observe/status-record.ts';
import { hubClient, linkTo, newAccount, signedIn, textOf, type HubClient } from './hub-ground.ts';
import { call, startTestPlatform, type TestPlatform } from './start-platform.ts';

const day = 86_400_000;

describe('status in the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let offset = 0;
  const clock = { now: () => Date.now() + offset, newId: () => crypto.randomUUID() };
  let anybody: HubClient;
  let operator: HubClient;

  /** Something that was found; everything else is as usual. */
  const found = (environment: string, state: FoundStatus['state']): FoundStatus => ({
    ...{ api: 'hello-world', environment, revision: 1, target: 'hello', state },
    ...{ since: clock.now() - 3_600_000, checked: clock.now(), ping: { up: true, against: 0 } },
  });
  const put = async (id: string, value: Parameters<typeof statuses.put>[1]) => {
    const known = await statuses.get(id);
    await statuses.put(id, value, { expected: known?.version ?? 0 });
  };
  let statuses: ReturnType<typeof open>;
  const open = () => platform.store.open(statusCollection);
  /** Pages may be some seconds old. */
  const later = () => (offset += 11_000);
  const put2 = async (state: FoundStatus['state']) => {
    await put('current', {
      checked: clock.now(),
      current: {
        'uat.hello-world-open': found('uat', state),
        'sandbox.hello-world-open': found('sandbox', 'operational'),
      },
    });
    later();
  };

  before(async () => {
    platform = await startTestPlatform({ clock });
    statuses = open();
    // Another process is said to watch, so that nothing but this test writes what was found.
    const leases = platform.store.open<{ holder: string; until: number }>({
      name: 'observe.lease',
    });
    const held = await leases.get('observing');
    const until = clock.now() + 1000 * day;
    await leases.put('observing', { holder: 'a test', until }, { expected: held?.version ?? 0 });
    anybody = hubClient(platform.url);
    operator = await signedIn(platform, 'operator');
    await put(dayId(clock.now()), {
      checked: clock.now(),
      day: { 'uat.hello-world-open': [995, 1000] },
    });
    await put(dayId(clock.now() - 40 * day), {
      ...{ checked: clock.now() - 40 * day, day: { 'uat.hello-world-open': [2000, 2000] } },
    });
    await put2('operational');
  });
  after(() => platform.end());

  const inUat = (state: string) =>
    new RegExp(`data-head="UAT"><strong class="nhsuk-tag[^>]*>${state}<`);
  const main = (page: { html: string }) => textOf(page.html.slice(page.html.indexOf('<main')));

  it('R040 lists each API and environment with its state, and its history on a page of its own', async () => {
    const page = await anybody.get('/status');
    assert.equal(page.status, 200);
    assert.match(main(page), /Everything that is checked works/);
    assert.match(page.html, /href="\/status\/apis\/hello-world">Hello World API</);
    assert.match(page.html, inUat('Operational'));
    const one = await anybody.get('/status/apis/hello-world');
    assert.match(main(one), /2 of 90 days checked, 1 of them without a failure/);
    assert.match(
      one.html,
      /role="img" aria-label="Last 90 days of hello-world-open in UAT \(integration\): 2 of 90/,
    );
    assert.equal(one.html.match(/<rect /g)?.length, 180);
    assert.match(main(one), /99\.50 % of 1000 checks passed/);
  });

  it('R107 publishes the availability of each month against its target, and flags what is below', async () => {
    const { html } = await anybody.get('/status/apis/hello-world');
    const rows = [...html.matchAll(/<tr class="nhsuk-table__row">(.*?)<\/tr>/gs)].map(
      ([, row = '']) => textOf(row.replace(/<\/t[hd]>\s*/g, ' ')),
    );
    assert.ok(
      rows.some((row) => /^\S+ \d{4} 99\.50 % 99\.90 % Below target/.test(row)),
      rows.join(),
    );
    assert.ok(
      rows.some((row) => /^\S+ \d{4} 100 % 99\.90 % On target/.test(row)),
      rows.join(),
    );
  });

  it('tells of trouble, and that nothing is known when nothing is checked any more', async () => {
    await put2('major outage');
    const page = await anybody.get('/status');
    assert.match(main(page), /There is trouble in one environment/);
    assert.match(main(page), /UAT \(integration\): 1 of 1 Major outage/);
    offset += 10 * 60_000;
    assert.match(main(await anybody.get('/status/apis/hello-world')), /Unknown/);
    await put2('operational');
  });

  it('finds an API by its name, and says what it does not know', async () => {
    assert.match(main(await anybody.get('/status?q=HELLO')), /Hello World API/);
    assert.match(
      main(await anybody.get('/status?q=%3Cnone%3E&page=-1')),
      /No API has this in its name/,
    );
    assert.equal((await anybody.get('/status/apis/nothing')).status, 404);
    assert.equal((await anybody.get('/status/incidents/INC-1')).status, 404);
    const quiet = await anybody.get('/status/apis/spine-directory');
    assert.match(main(quiet), /It runs nowhere, or has not been checked yet/);
  });

  const report = {
    ...{ title: 'Greetings are slow', impact: 'degraded', environment: 'uat', apis: 'hello-world' },
    ...{ state: 'investigating', text: 'Answers take seconds.', reference: 'SD-17' },
  };

  it('lets who runs the platform alone report an incident', async () => {
    const developer = await signedIn(platform, 'developer');
    assert.equal((await developer.get('/status/incidents/new')).status, 403);
    const forged = await developer.fill('/status', {}); // no form of its own: whatever is there
    assert.equal(forged.status, 405);
    assert.match((await anybody.get('/status/incidents/new')).to, /^\/sign-in\?return=/);
    for (const [changes, fault] of [
      [{ title: '' }, 'Enter what is wrong'],
      [{ impact: 'fatal' }, 'Say how bad it is'],
      [{ environment: 'moon' }, 'Choose one environment or more'],
      [{ apis: 'none-such' }, 'There is no API none-such'],
      [{ began: 'soon' }, 'Enter a time such as 2026-11-27 14:05'],
      [{ state: '' }, 'Say where we are'],
      [{ text: '' }, 'Say what is known'],
    ] as const) {
      const began = '2026-11-27 14:05';
      const page = await operator.fill('/status/incidents/new', { ...report, began, ...changes });
      assert.deepEqual([page.status, page.faults], [422, [fault]]);
      assert.match(page.html, /Greetings are slow|name="title"/);
    }
  });

  it('offers APIs and environments by their names', async () => {
    const { html } = await operator.get('/status/incidents/new?api=hello-world');
    assert.match(
      html,
      /name="apis" type="checkbox" value="hello-world" checked[^>]*\/><label[^>]*>Hello World API</,
    );
    assert.match(html, /value="uat"[^>]*\/><label[^>]*>UAT \(integration\)</);
  });

  it('tells those who really call an API of an incident, once, and nobody else', async () => {
    const { client: other, email: stranger } = await newAccount(platform, 'No Caller');
    const hello = `${platform.url}/env/int/hello-world/hello/application`;
    assert.equal((await call(hello, { headers: { apikey: 'demo-app-int' } })).status, 200);
    const began = '2026-11-27 14:05';
    const form = await operator.get('/status/incidents/new');
    const made = await operator.send(form, '/status/incidents/new', { ...report, began });
    assert.match(made.to, /^\/status\/incidents\/INC-\d{4}-\d+$/);
    const again = await operator.send(form, '/status/incidents/new', { ...report, began });
    assert.equal(again.to, made.to, 'sent twice, it is one incident');
    const shown = await operator.get(made.to);
    const [, addresses = '0'] = /Sent to (\d+) address/.exec(main(shown)) ?? [];
    assert.ok(Number(addresses) >= 1, main(shown));
    assert.equal(await linkTo(anybody, 'demo@example.org', '/status/incidents/'), made.to);
    const { html } = await other.get('/outbox');
    const told = html.split('<article ').filter((one) => one.includes('Greetings are slow'));
    assert.equal(told.length, Number(addresses));
    assert.ok(!told.some((one) => one.includes(stranger)));
    assert.match(main(await anybody.get('/status')), /Incident: Greetings are slow/);

    const update = { state: 'resolved', text: 'A queue was full. It is not any more.' };
    const stale = await operator.get(made.to);
    assert.equal((await operator.send(stale, made.to, update)).status, 303);
    assert.equal((await operator.send(stale, made.to, update)).status, 409, 'resolved already');
    assert.equal((await anybody.post(made.to, 'state=resolved&text=x')).status, 403);
    const over = await anybody.get(made.to);
    assert.match(main(over), /Resolved/);
    assert.ok(!main(over).includes('Sent to'), 'how many were told is for operators');
    assert.ok(!main(await anybody.get('/status')).includes('Incident: Greetings are slow'));
    assert.match(main(await anybody.get('/status/apis/hello-world')), /Greetings are slow/);
  });

  it('shows announced work as maintenance once it has begun', async () => {
    const plan = { ...report, title: 'New <b>cables</b>', impact: 'maintenance', state: 'planned' };
    const began = new Date(clock.now() + 20 * 60_000).toISOString().slice(0, 16);
    const { to } = await operator.fill('/status/incidents/new', { ...plan, began });
    assert.match(main(await anybody.get(to)), /Hello World API in UAT \(integration\)/);
    const before = await anybody.get('/status');
    assert.match(main(before), /Planned maintenance: New <b>cables<\/b>/);
    assert.match(before.html, inUat('Operational'));
    offset += 30 * 60_000;
    await put2('major outage');
    assert.match((await anybody.get('/status')).html, inUat('Maintenance'));
    await put2('operational');
    await operator.fill(to, { state: 'resolved', text: 'Done.' });
  });

  it('gives incidents as RSS and JSON feed, and states as JSON', async () => {
    const xml = await anybody.get('/status/feed.xml');
    assert.match(xml.headers.get('content-type') ?? '', /^application\/rss\+xml/);
    assert.match(xml.html, /^<\?xml version="1.0" encoding="UTF-8"\?>\n<rss version="2.0">/);
    assert.match(xml.html, /<title>Resolved: New &lt;b&gt;cables&lt;\/b&gt;<\/title>/);
    const feed = JSON.parse((await anybody.get('/status/feed.json')).html) as {
      version: string;
      items: { title: string; url: string; date_published: string }[];
    };
    assert.equal(feed.version, 'https://jsonfeed.org/version/1.1');
    assert.equal(feed.items.length, 4);
    assert.deepEqual(feed.items.map(({ title }) => title).sort(), [
      'Investigating: Greetings are slow',
      'Planned: New <b>cables</b>',
      'Resolved: Greetings are slow',
      'Resolved: New <b>cables</b>',
    ]);
    const states = JSON.parse((await anybody.get('/status/status.json')).html) as {
      items: { api: string; environment: string; state: string }[];
    };
    assert.deepEqual(
      states.items.map(({ environment, state }) => [environment, state]),
      [
        ['sandbox', 'operational'],
        ['uat', 'operational'],
      ],
    );
  });

  it('shows operators rate, errors, times, limits, alerts, messages and mailboxes', async () => {
    assert.match((await anybody.get('/operations')).to, /^\/sign-in/);
    const developer = await signedIn(platform, 'developer');
    assert.equal((await developer.get('/operations')).status, 403);
    assert.ok(!(await developer.get('/')).html.includes('href="/operations"'));
    const page = await operator.get('/operations?api=hello-world&environment=int&span=24h');
    assert.equal(page.status, 200);
    const text = main(page);
    assert.match(text, /Calls of the last 24 hours/);
    assert.match(
      page.html,
      /role="img" aria-label="Calls an hour over the last 24 hours: 1 in all, 0 failed"/,
    );
    assert.match(text, /None fires/);
    assert.match(text, /wait to be sent/);
    assert.match(text, /Messages between systems/);
    assert.match(page.html, /<option value="hello-world" selected>Hello World API<\/option>/);
    const odd = await operator.get('/operations?api=%3Cscript%3E&environment=moon&span=__proto__');
    assert.match(odd.html, /There is no API &lt;script&gt;: these are all/);
    assert.match(main(odd), /Calls of the last 6 hours/);
    const auditor = await signedIn(platform, 'auditor');
    assert.equal((await auditor.get('/operations')).status, 200);
    assert.equal((await auditor.get('/operations/tickets')).status, 403);
  });

  it('tells nobody whose last call was more than seven days ago', async () => {
    offset += 9 * day;
    const late = await signedIn(platform, 'operator');
    const began = '2026-11-27 14:05';
    const { to } = await late.fill('/status/incidents/new', { ...report, began });
    assert.match(main(await late.get(to)), /Sent to 0 addresses/);
  });
});
