import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Problem } from '../../core/problem.ts';
import { actorOf } from '../../test/administration-ground.ts';
import { environments } from './environments.ts';
import { actions, may, must, roles, roleTable, type Action, type Role } from './roles.ts';

/** The table written a second time, by role: what each may do over everything (*) or in its own organisation. */
const expected: Readonly<Record<Role, string>> = {
  administrator: actions.map((action) => `${action}*`).join(' '),
  operator:
    'app.create* app.read* app.change* app.agree* app.approve* app.revoke* app.end* app.credentials* product.read* ' +
    'subscription.read* subscription.request* subscription.suspend* subscription.cancel* subscription.keys* administrator.read* ' +
    'credential.read* credential.change* publishing.decide* refusal.read* keys.rotate* api.create* api.read* api.change* api.product* api.secret* proxy.deploy* ' +
    'proxy.read* proxy.rollback* proxy.state* limits.read* status.read* usage.read* alert.read* alert.change* ' +
    'incident.change* ticket.answer* feedback.decide* ' +
    'message.read* message.change* mailbox.read* mailbox.change* trace.read* backlog.read* backlog.change*',
  'product-owner':
    'app.read* product.create* product.read* product.change* subscription.read* subscription.decide* ' +
    'subscription.suspend* subscription.cancel* api.read* proxy.read* limits.read* status.read* usage.read* ' +
    'backlog.read* backlog.change*',
  developer:
    'app.create app.read app.change app.revoke app.end app.credentials product.read* subscription.read ' +
    'subscription.request subscription.decide.customer subscription.cancel subscription.keys credential.read credential.change refusal.read api.create api.read* api.change api.specification ' +
    'api.product api.secret proxy.deploy proxy.read proxy.rollback proxy.state limits.read status.read* usage.read ' +
    'mailbox.read mailbox.change trace.read',
  auditor:
    'app.read* product.read* subscription.read* administrator.read* credential.read* refusal.read* api.read* proxy.read* ' +
    'limits.read* status.read* usage.read* alert.read* message.read* mailbox.read* trace.read* backlog.read*',
  viewer:
    'app.read product.read* subscription.read credential.read api.read* proxy.read limits.read status.read* usage.read ' +
    'mailbox.read',
};

describe('the role table', () => {
  for (const role of roles)
    for (const action of actions) {
      const rights = expected[role].split(' ');
      const all = rights.includes(`${action}*`);
      const own = all || rights.includes(action);
      const how = all ? 'everywhere' : own ? 'in its own organisation' : 'nowhere';
      it(`lets the role ${role} do ${action} ${how}`, () => {
        const actor = actorOf(role, 'Y90001');
        const [mine, theirs] = ['Y90001', 'Y90002'].map(
          (organisation) => ({ organisation, environment: 'sandbox' }) as const,
        );
        assert.equal(may(actor, action, mine), own);
        assert.equal(may(actor, action, theirs), all);
        assert.equal(may(actor, action), all);
        assert.equal(may(actorOf(role, '*'), action, theirs), own);
      });
    }

  for (const action of ['proxy.deploy', 'proxy.rollback', 'proxy.state', 'api.secret'] as const)
    it(`leaves ${action} to the platform in UAT and production, and to the producer before`, () => {
      for (const environment of environments) {
        const subject = { organisation: 'Y90001', environment };
        const early = ['sandbox', 'development', 'sit'].includes(environment);
        assert.equal(may(actorOf('developer', 'Y90001'), action, subject), early, environment);
        assert.equal(may(actorOf('operator', 'Y90001'), action, subject), true, environment);
        assert.equal(may(actorOf('administrator'), action, subject), true, environment);
        assert.equal(may(actorOf('product-owner'), action, subject), false, environment);
      }
      assert.equal(may(actorOf('developer', 'Y90001'), action, { organisation: 'Y90001' }), false);
      assert.deepEqual(roleTable().find((row) => row.action === action)?.environments, {
        developer: ['sandbox', 'development', 'sit'],
      });
    });

  it('names the environment and who may there', () => {
    assert.throws(() => {
      must(actorOf('developer', 'Y90001'), 'proxy.deploy', {
        organisation: 'Y90001',
        environment: 'production',
      });
    }, /proxy\.deploy in production is not for the role developer of organisation Y90001; it takes: administrator, operator$/);
  });

  it('knows every right that this test expects', () => {
    const named = Object.values(expected).flatMap((rights) =>
      rights.replaceAll('*', '').split(' '),
    );
    assert.deepEqual(
      named.filter((name) => !actions.includes(name as Action)),
      [],
    );
  });

  it('names the action, the role had and the roles that may in a refusal', () => {
    assert.throws(
      () => {
        must(actorOf('developer', 'Y90001'), 'app.revoke', { organisation: 'Y90002' });
      },
      (error) =>
        error instanceof Problem &&
        error.kind === 'forbidden' &&
        error.message ===
          'app.revoke is not for the role developer of organisation Y90001; it takes: administrator, operator, developer of the organisation',
    );
  });

  it('is told as data', () => {
    assert.deepEqual(
      roleTable().find(({ action }) => action === 'app.revoke'),
      {
        action: 'app.revoke',
        roles: { administrator: 'all', operator: 'all', developer: 'own' },
      },
    );
  });

  it('is the table that the guide prints', () => {
    const guide = readFileSync(
      new URL('../../docs/guides/administration.md', import.meta.url),
      'utf8',
    );
    const cells = (line: string) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim());
    const printed = guide
      .split('\n')
      .filter((line) => /^\| `[a-z]+(?:\.[a-z]+)+` +\|.*(all|own)/.test(line));
    assert.deepEqual(
      printed.map(cells),
      roleTable().map((row) => [
        `\`${row.action}\``,
        ...roles.map((role) => row.roles[role] ?? ''),
      ]),
    );
  });
});
