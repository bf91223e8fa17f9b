/** What an account can have the server do for it: dear work does not stop the work of others. */
import assert from 'node:assert/strict';
import { newAccount, type HubClient } from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('dear work for the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  const newApp = async (client: HubClient) => {
    const team = /href="\/teams\/(T[A-Z0-9]+)"/.exec((await client.get('/teams')).html)?.[1] ?? '';
    const fields = { team, name: 'Maker', kinds: 'unattended', contact: 'm@example.org' };
    const made = await client.fill('/apps/new', { ...fields, environments: 'sandbox' });
    assert.equal(made.status, 303, made.faults.join());
    return made.to;
  };

  it('makes keys one after the other, a few wait, and more are turned away', async () => {
    const { client } = await newAccount(platform);
    const path = `${await newApp(client)}/in/sandbox/keys/make`;
    const pages = await Promise.all(Array.from({ length: 12 }, () => client.get(path)));
    const done = await Promise.all(pages.map((page) => client.send(page, path, { bits: '4096' })));
    const count = (status: number) => done.filter((one) => one.status === status).length;
    assert.equal(count(303) + count(429), 12);
    assert.ok(count(429) >= 1 && count(303) >= 6, `${count(303)} were made`);
    const [refused] = done.filter(({ status }) => status === 429);
    assert.match(refused?.faults.join() ?? '', /Too many keys are being made/);
  });

  it('makes twenty keys an hour for an account and no more', async () => {
    const { client } = await newAccount(platform);
    const path = `${await newApp(client)}/in/sandbox/keys/make`;
    const statuses: number[] = [];
    // A kid that is none: nothing is registered, and the work was done all the same.
    for (let n = 0; n < 21; n++)
      statuses.push((await client.fill(path, { bits: '2048', kid: 'not a kid' })).status);
    assert.equal(statuses.at(-1), 429);
    assert.ok(statuses.slice(0, 20).every((status) => status === 422));
  });
});
