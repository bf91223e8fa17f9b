/** Smartcard sessions over the real store: what is kept of them, and that nothing of them stays for ever. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { ssoKeys } from '../server/sso-keys.ts';
import { openSmartcardSessions } from '../spine/sso/ticket-sessions.ts';
import { makeTicket, sessionIn } from '../spine/sso/ticket.ts';

describe('smartcard sessions', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-sessions-'));
  let store: Awaited<ReturnType<typeof openEmbeddedStore>>;
  let time = 1_800_000_000_000;
  const clock = { now: () => time, newId: () => randomUUID() };
  before(async () => {
    store = await openEmbeddedStore({ dir });
  });
  after(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const who = { place: 'sandbox', userId: '656005750108', role: '555254240108' };
  const count = () => store.open({ name: 'sso.smartcard-sessions' }).count();

  it('are one for a workstation, and removed when they are over', async () => {
    const sessions = openSmartcardSessions(store, clock);
    const first = await sessions.begin({ ...who, workstation: 'a' });
    const second = await sessions.begin({ ...who, workstation: 'a' });
    assert.equal(await sessions.find(first, 'sandbox'), undefined);
    assert.equal(await sessions.at('sandbox', 'a'), second);
    assert.equal(await sessions.find(second, 'uat'), undefined);
    await sessions.begin({ ...who, workstation: 'b' });
    assert.equal(await count(), 2);
    time += 13 * 3_600_000;
    await sessions.begin({ ...who, workstation: 'c' });
    assert.equal(await count(), 1, 'those of yesterday are gone');
  });

  it('last twelve hours at most, however often they are used', async () => {
    const sessions = openSmartcardSessions(store, clock);
    const id = await sessions.begin({ ...who, workstation: 'd' });
    for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
      time += 20 * 60_000;
      assert.ok(await sessions.use(id, 'sandbox'), `after ${minutes} minutes`);
    }
    time += 20 * 60_000;
    assert.equal(await sessions.use(id, 'sandbox'), undefined);
  });

  it('end once and for all, while others use them', async () => {
    const sessions = openSmartcardSessions(store, clock);
    const id = await sessions.begin({ ...who, workstation: 'e' });
    time += 2 * 60_000;
    await Promise.all([
      sessions.end(id),
      ...Array.from({ length: 10 }, () => sessions.use(id, 'sandbox')),
    ]);
    assert.equal(await sessions.find(id, 'sandbox'), undefined);
    await sessions.end(id);
  });

  it('have tickets that are taken in one spelling and by one installation', () => {
    const [key, other] = [randomBytes(32), randomBytes(32)];
    const id = randomUUID();
    const ticket = makeTicket(id, key);
    assert.equal(sessionIn(ticket, key), id);
    assert.equal(sessionIn(ticket, other), undefined);
    for (let at = 0; at < ticket.length; at++) {
      const changed = `${ticket.slice(0, at)}${ticket[at] === 'B' ? 'C' : 'B'}${ticket.slice(at + 1)}`;
      assert.equal(sessionIn(changed, key), undefined, `changed at ${at}`);
    }
  });

  it('are signed for with one key by all processes, kept sealed', async () => {
    const secret = randomBytes(32);
    const [one, two] = await Promise.all([
      ssoKeys(store, secret).signing(),
      ssoKeys(store, secret).signing(),
    ]);
    assert.equal(one.pem, two.pem);
    const kept = await store.open({ name: 'sso.keys' }).get('assertions');
    assert.doesNotMatch(kept?.text ?? '', /PRIVATE/);
    await assert.rejects(ssoKeys(store, randomBytes(32)).signing(), { kind: 'unavailable' });
  });
});
