/** What the hub lets go after a time, by a held clock and by the housekeeping of the platform. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { searchAudit } from '../server/audit/search.ts';
import { feedbackCollection } from '../server/portal/feedback.ts';
import { sweepHub } from '../server/portal/retention.ts';
import { hubClient, newAccount, signedIn, textOf, type HubClient } from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const day = 86_400_000;
const all = { helpDays: 365, feedbackDays: 365, incidentDays: 730 };

/** Says something of a page, as anybody may. */
async function say(client: HubClient): Promise<void> {
  const form = await client.get('/feedback?page=/start&useful=no');
  const sent = await client.send(form, '/feedback', { useful: 'no', text: 'I miss a word' });
  assert.equal(sent.to, '/feedback/thanks');
}

describe('what people wrote in the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let ahead = 0;
  const clock = { now: () => systemClock.now() + ahead, newId: () => systemClock.newId() };
  before(async () => {
    platform = await startTestPlatform({ clock });
  });
  after(() => platform.end());

  const sweep = (days = all) =>
    sweepHub({ store: platform.store, journal: platform.journal, clock }, days);
  const ask = async (client: HubClient, subject: string) => {
    const asked = { kind: 'technical', subject, text: 'It fails', email: 'a@example.org' };
    return (await client.fill('/help/ask', asked)).to.replace('/help/sent/', '');
  };
  const answer = (staff: HubClient, id: string) =>
    staff.fill(`/operations/tickets/${id}`, { text: 'Try again', state: 'answered' });

  it('goes by its own time: answered requests from the last word, incidents from their end, what is open never', async () => {
    const staff = await signedIn(platform, 'operator');
    const { client } = await newAccount(platform);
    const [open, early, late] = [
      await ask(client, 'Open'),
      await ask(client, 'Early'),
      await ask(client, 'Late'),
    ];
    assert.equal((await answer(staff, early)).status, 303);
    await say(hubClient(platform.url));
    const incident = await staff.fill('/status/incidents/new', {
      ...{ title: 'All is slow', impact: 'degraded', state: 'investigating', text: 'We look' },
      ...{ environment: 'sandbox', apis: '', reference: '', began: '2026-11-27 14:05' },
    });
    assert.equal(incident.status, 303, incident.faults.join());

    ahead = 200 * day;
    const again = await signedIn(platform, 'operator');
    assert.equal((await answer(again, late)).status, 303);
    await again.fill(incident.to, { state: 'resolved', text: 'Done' });
    assert.equal(await sweep(), 0, 'nothing is old enough');

    ahead = 366 * day;
    const third = await signedIn(platform, 'operator');
    assert.equal(await sweep(), 2, 'the early request and the feedback');
    assert.equal((await third.get(`/operations/tickets/${early}`)).status, 404);
    assert.equal((await third.get(`/operations/tickets/${late}`)).status, 200);
    assert.doesNotMatch((await third.get('/operations/feedback')).html, /I miss a word/);

    ahead = 940 * day;
    const last = await signedIn(platform, 'operator');
    assert.equal(await sweep({ ...all, helpDays: 0, incidentDays: 0 }), 0, '0 keeps for ever');
    assert.equal(await sweep(), 2, 'the late request and the incident');
    assert.equal((await last.get(incident.to)).status, 404);
    assert.equal((await last.get(`/operations/tickets/${open}`)).status, 200);
    assert.equal(await sweep(), 0);
    const deeds: string[] = [];
    for await (const { action, user } of searchAudit(join(platform.dataDir, 'audit'), {}))
      if (action.endsWith('.expire')) deeds.push(`${action} ${user}`);
    for (const what of ['ticket', 'feedback', 'incident'])
      assert.ok(deeds.includes(`${what}.expire platform`), deeds.join());
  });

  it('is told on the page about privacy', async () => {
    const text = textOf((await hubClient(platform.url).get('/cookies')).html);
    assert.match(text, /A request for help is kept for 365 days after the last word in it/);
  });
});

describe('the housekeeping of a platform', function () {
  this.timeout(120_000);

  it('lets go what its settings say, from its start on', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-kept-'));
    const environment = { FEEDBACK_DAYS: '30' };
    const first = await startTestPlatform({ dataDir, environment, withoutDefaults: true });
    await say(hubClient(first.url));
    assert.equal(await first.store.open(feedbackCollection).count(), 1);
    await first.stop();
    const clock = { now: () => systemClock.now() + 31 * day, newId: () => systemClock.newId() };
    const second = await startTestPlatform({ dataDir, environment, clock, withoutDefaults: true });
    const feedback = second.store.open(feedbackCollection);
    for (let tries = 0; (await feedback.count()) > 0; tries++) {
      assert.ok(tries < 100, 'it is still there');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await second.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
});
