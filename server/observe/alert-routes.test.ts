import assert from 'node:assert/strict';
import type { Reply } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { routes } from '../../core/routes.ts';
import {
  actorOf,
  administrationGround,
  type AdministrationGround,
} from '../../test/administration-ground.ts';
import { exchangeFor } from '../../test/exchange-for.ts';
import type { Actor } from '../catalogue/roles.ts';
import { alertAdministration } from './alert-administration.ts';
import { createAlertBook } from './alert-book.ts';
import { alertCollection } from './alert-record.ts';
import { alertActs, alertFacts } from './alert-routes.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';

const [operator, auditor] = [actorOf('operator'), actorOf('auditor')];

/** All answers of these routes are text. */
function textOf({ body }: Reply): string {
  assert.ok(typeof body === 'string');
  return body;
}

describe('the administration of alerts', () => {
  let ground: AdministrationGround;
  let mailbox: Mailbox;
  let ask: (actor: Actor, route: string, body?: object) => Promise<Reply>;
  let book: ReturnType<typeof createAlertBook>;

  beforeEach(async () => {
    ground = await administrationGround();
    const { store, clock } = ground;
    mailbox = createMailbox({ store, now: () => clock.now() });
    book = createAlertBook({ store, production: 'production', contactOf: () => 'app@example.org' });
    const acts = alertActs(
      alertAdministration({
        ...ground,
        mailbox,
        defaults: book.defaults,
        checkUrl(url) {
          if (!url.startsWith('https://')) throw new Problem('invalid', 'https is needed');
        },
      }),
    );
    ask = (actor, route, body) => {
      const [method = '', target = ''] = route.split(' ');
      const [path = '', rawQuery = ''] = target.split('?');
      const table = routes(
        Object.fromEntries(Object.entries(acts).map(([key, act]) => [key, (x) => act(actor, x)])),
      );
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const headers = { 'content-type': 'application/json' };
      return table(exchangeFor({ method, path, rawQuery, headers, ...sent }));
    };
  });
  afterEach(() => ground.end());

  const read = async (actor: Actor, route: string) => JSON.parse(textOf(await ask(actor, route)));

  it('shows the default rules, changes one, and brings it back', async () => {
    const { items } = await read(auditor, 'GET /alert-rules');
    assert.equal(items.length, 11);
    await ask(operator, 'PUT /alert-rules/slow', { kind: 'slow', settings: { p95: 250 } });
    const slow = await read(auditor, 'GET /alert-rules/slow');
    assert.deepEqual([slow.settings.p95, slow.for, slow.severity], [250, 600, 'ticket']);
    assert.deepEqual((await book.rules()).find(({ id }) => id === 'slow')?.settings, { p95: 250 });
    assert.equal((await ask(operator, 'DELETE /alert-rules/slow')).status, 204);
    assert.deepEqual((await read(auditor, 'GET /alert-rules/slow')).settings, {});
  });

  it('tells of each of its routes in the published document', () => {
    const acts = alertActs({} as never); // only their names are looked at
    const there = Object.keys(acts).map((route) => route.replace(':id', '{id}'));
    assert.deepEqual(Object.keys(alertFacts), there);
  });

  it('adds rules of one’s own', async () => {
    const mine = {
      kind: 'slow',
      apis: ['hello'],
      environments: ['uat'],
      receivers: ['team'],
      for: 60,
    };
    await ask(operator, 'PUT /alert-rules/mine', mine);
    assert.equal((await book.rules()).length, 12);
    assert.deepEqual((await read(operator, 'GET /alert-rules/mine')).apis, ['hello']);
  });

  it('keeps receivers, tells a rule’s own and an app’s contact, and shows no path of a webhook', async () => {
    const url = 'https://hooks.example/secret';
    await ask(operator, 'PUT /alert-receivers/hook', { kind: 'webhook', url });
    await ask(operator, 'PUT /alert-receivers/team', { kind: 'email', address: 'a@example.org' });
    const { items } = await read(auditor, 'GET /alert-receivers');
    assert.deepEqual(items[0], { id: 'hook', kind: 'webhook', url: 'https://hooks.example/…' });
    const [rule] = await book.rules();
    assert.ok(rule);
    assert.equal(book.receivers(rule, undefined).length, 2);
    const told = book.receivers({ ...rule, receivers: ['team'] }, 'app-1');
    assert.deepEqual(
      told.map(({ id }) => id),
      ['team', 'app app-1'],
    );
    await ask(operator, 'DELETE /alert-receivers/hook');
    assert.equal((await read(auditor, 'GET /alert-receivers')).items.length, 1);
  });

  it('enters changes and refused attempts in the audit', async () => {
    await ask(operator, 'PUT /alert-rules/slow', { kind: 'slow', enabled: false });
    await assert.rejects(ask(auditor, 'PUT /alert-rules/slow', { kind: 'slow' }), {
      kind: 'forbidden',
    });
    await ask(operator, 'DELETE /alert-rules/slow');
    const told = (await ground.entries()).map(({ action, status }) => [action, status]);
    assert.deepEqual(told, [
      ['alert-rule.put', 200],
      ['alert-rule.put', 403],
      ['alert-rule.remove', 200],
    ]);
  });

  it('shows alerts, newest first', async () => {
    const alert = { rule: 'slow', severity: 'ticket' as const, text: 'Slow', episode: 1 };
    const put = (subject: string, state: 'firing' | 'resolved', fired: number) =>
      ground.store
        .open(alertCollection)
        .put(subject, { ...alert, subject, state, fired }, { expected: 0 });
    await put('a', 'firing', 1000);
    await put('b', 'resolved', 2000);
    const subjects = async (query: string) =>
      (await read(auditor, `GET /alerts${query}`)).items.map(
        (one: { subject: string }) => one.subject,
      );
    assert.deepEqual(await subjects(''), ['b', 'a']);
    assert.deepEqual(await subjects('?state=firing'), ['a']);
  });

  it('shows the mail outbox to administrators', async () => {
    await mailbox.put('a', { to: 'a@example.org', subject: 'S', text: 'T', template: 'alert' });
    const { items } = await read(actorOf('administrator'), 'GET /mail');
    assert.equal(items[0].subject, 'S');
    await assert.rejects(ask(operator, 'GET /mail'), { kind: 'forbidden' });
  });

  it('is refused to those whom it does not concern', async () => {
    const developer = actorOf('developer', 'Y90001');
    for (const route of ['/alerts', '/alert-rules', '/alert-rules/slow', '/alert-receivers'])
      await assert.rejects(ask(developer, `GET ${route}`), { kind: 'forbidden' }, route);
    for (const route of ['/alert-rules/slow', '/alert-receivers/team'])
      await assert.rejects(ask(auditor, `DELETE ${route}`), { kind: 'forbidden' }, route);
    const body = { kind: 'email', address: 'a@example.org' };
    await assert.rejects(ask(auditor, 'PUT /alert-receivers/team', body), { kind: 'forbidden' });
  });

  const wrong: readonly [string, string, object | undefined, string][] = [
    ['an unknown kind', 'PUT /alert-rules/x', { kind: 'nothing' }, 'invalid'],
    ['an unknown setting', 'PUT /alert-rules/x', { kind: 'slow', settings: { p99: 1 } }, 'invalid'],
    ['a default rule of another kind', 'PUT /alert-rules/slow', { kind: 'audit' }, 'invalid'],
    ['an id that is none', 'PUT /alert-rules/A_B', { kind: 'slow' }, 'invalid'],
    [
      'an unknown environment',
      'PUT /alert-rules/x',
      { kind: 'slow', environments: ['x'] },
      'invalid',
    ],
    [
      'a webhook without https',
      'PUT /alert-receivers/x',
      { kind: 'webhook', url: 'http://x' },
      'invalid',
    ],
    [
      'two mail addresses',
      'PUT /alert-receivers/x',
      { kind: 'email', address: 'a@b.c,d@e.f' },
      'invalid',
    ],
    [
      'a receiver of both kinds',
      'PUT /alert-receivers/x',
      { kind: 'email', url: 'https://x', address: 'a@b.c' },
      'invalid',
    ],
    ['a rule that is not there', 'GET /alert-rules/none', undefined, 'not-found'],
    ['removing what is not there', 'DELETE /alert-rules/none', undefined, 'not-found'],
    ['an unknown state', 'GET /alerts?state=odd', undefined, 'invalid'],
  ];
  for (const [what, route, body, kind] of wrong)
    it(`refuses ${what}`, async () => {
      await assert.rejects(ask(operator, route, body), { kind });
    });
});
