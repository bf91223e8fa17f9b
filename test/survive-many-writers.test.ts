import assert from 'node:assert/strict';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const path = '/Patient/9000000009';
const writers = 64;

describe('sixty-four writers at one record', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  const version = async () =>
    Number(/\d+/.exec((await platform.call(path)).headers.get('etag') ?? '')?.[0]);
  const update = (from: number, writer: number) =>
    platform.call(path, {
      method: 'PATCH',
      headers: { 'if-match': `W/"${from}"` },
      body: {
        patches: [
          { op: 'test', path: '/name/0/id', value: '123' },
          { op: 'replace', path: '/name/0/given/0', value: `J${'a'.repeat(writer % 30)}${from}` },
        ],
      },
    });

  it('win once per version, and all others are told that they came too late', async () => {
    const first = await version();
    for (let from = first; from < first + 10; from++) {
      const answers = await Promise.all(
        Array.from({ length: writers }, (_, writer) => update(from, writer)),
      );
      const won = answers.filter(({ status }) => status === 200);
      const [winner] = won;
      assert.ok(winner);
      assert.equal(won.length, 1);
      assert.equal(winner.headers.get('etag'), `W/"${from + 1}"`);
      const lost = answers.filter(({ status }) => status !== 200);
      for (const { status, json } of lost) {
        assert.equal(status, 409);
        assert.equal(json.issue[0].details.coding[0].code, 'RESOURCE_VERSION_MISMATCH');
      }
      const { json } = await platform.call(path);
      assert.deepEqual(json.name[0], winner.json.name[0], 'what the winner was told is there');
    }
    assert.equal(await version(), first + 10, 'as many versions as winners');
  });

  it('get there in the end when each tries again with the version it finds', async () => {
    const first = await version();
    let wins = 0;
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (;;) {
          const { status } = await update(await version(), writer);
          if (status === 200) break;
          assert.equal(status, 409);
        }
        wins++;
      }),
    );
    assert.equal(wins, writers);
    assert.equal(await version(), first + writers, 'as many versions as wins');
  });
});
