import assert from 'node:assert/strict';
import type { Caller, UserRole } from '../../../core/exchange.ts';
import { accessGround, callerIn, tried, type AccessGround } from '../../../test/access-ground.ts';
import { exchangeFor } from '../../../test/exchange-for.ts';
import { methods } from './methods.ts';
import { roles } from './roles.ts';
import { scopes } from './scopes.ts';

const nurse: UserRole = { id: '1', code: 'S8000:G8000:R8001', name: 'Nurse', odsCode: 'A99' };
const clerk: UserRole = { id: '2', code: 'S8010:G8020:R8010', name: 'Clerk', odsCode: 'A99' };

function worker(own: readonly UserRole[], selectedRole?: string): Caller {
  return callerIn('worker', {
    signIn: {
      ...{ provider: 'nhs-cis2', issuer: 'https://idp.example', level: 'aal3', roles: own },
      ...(selectedRole === undefined ? {} : { selectedRole }),
    },
  });
}

describe('the policies that judge a caller who is known', () => {
  let ground: AccessGround;
  before(async () => {
    ground = await accessGround();
  });
  after(() => ground.end());

  describe('by scopes', () => {
    const ask = (config: object, held?: readonly string[]) =>
      tried(
        ground.policy(scopes, config),
        exchangeFor(held ? { caller: callerIn('app', { scopes: held }) } : {}),
      );

    for (const [config, held, status] of [
      [{ all: ['a', 'b'] }, ['a', 'b', 'c'], 200],
      [{ all: ['a', 'b'] }, ['a'], 403],
      [{ any: ['a', 'b'] }, ['b'], 200],
      [{ any: ['a', 'b'] }, ['c'], 403],
      [{ all: ['a'], any: ['b'] }, ['b'], 403],
      [{ all: ['a'], any: ['b'] }, ['a', 'b'], 200],
      [{ all: ['a'] }, ['A'], 403],
      [{ all: ['a'] }, [], 403],
      [{ all: ['a'] }, undefined, 401],
    ] as const)
      it(`answer ${status} for ${JSON.stringify(held)} where ${JSON.stringify(config)} is needed`, async () => {
        assert.equal((await ask(config, held)).status, status);
      });

    it('name what is needed, in the words of RFC 6750 too', async () => {
      const { problem } = await ask({ all: ['a'], any: ['b', 'c'] }, []);
      assert.equal(problem?.message, 'This call needs the scopes a, and b or c');
      assert.equal(
        problem.headers?.['www-authenticate'],
        'Bearer realm="hello", error="insufficient_scope", scope="a b c"',
      );
    });

    it('refuse to ask for nothing', () => {
      assert.equal(scopes.check?.({ all: [], any: [] }, ground.site()).length, 1);
    });
  });

  describe('by job roles', () => {
    const ask = (any: readonly string[], caller?: Caller, urid?: string, more: object = {}) =>
      tried(
        ground.policy(roles, { any, ...more }),
        exchangeFor({
          ...(caller ? { caller } : {}),
          headers: urid === undefined ? {} : { 'nhsd-session-urid': urid },
        }),
      );

    for (const [any, status] of [
      [['S8000:G8000:R8001'], 200],
      [['R8001'], 200],
      [['*:*:R8001'], 200],
      [['S8000:*:*'], 200],
      [['R8000', 'R8001'], 200],
      [['R800'], 403],
      [['S8000:G8000'], 403],
      [['*:*:R8000'], 403],
    ] as const)
      it(`answer ${status} for a nurse where ${any.join()} is needed`, async () => {
        assert.equal((await ask(any, worker([nurse]))).status, status);
      });

    it('go by the role picked at sign-in, else the one named, else the only one, and say which it is', async () => {
      const { through } = await ask(['R8001'], worker([clerk, nurse]), '1');
      assert.equal(through?.caller?.role, '1');
      assert.equal(through.facts.caller?.role, '1');
      assert.equal((await ask(['R8001'], worker([clerk, nurse], '1'))).status, 200);
      assert.equal((await ask(['R8001'], worker([clerk, nurse], '2'))).status, 403);
    });

    for (const [what, caller, urid, status] of [
      ['a role that is not theirs', worker([nurse]), '9', 403],
      ['another than the one picked', worker([clerk, nurse], '1'), '2', 403],
      ['one of several, but not which', worker([clerk, nurse]), undefined, 400],
      ['what is no id', worker([nurse]), 'x', 400],
      ['a role when nobody told which there are', worker([]), '1', 403],
      ['nothing, being an app', callerIn('app'), undefined, 403],
      ['nothing, being a patient', callerIn('patient'), undefined, 403],
      ['nothing, being nobody', undefined, undefined, 401],
    ] as const)
      it(`answer ${status} to whoever claims ${what}`, async () => {
        assert.equal((await ask(['R8001'], caller, urid)).status, status);
      });

    it('let others through where that is said', async () => {
      const passed = await ask(['R8001'], callerIn('app'), undefined, { othersPass: true });
      assert.equal(passed.status, 200);
    });
  });

  describe('by methods', () => {
    const config = { allow: ['GET', 'PATCH'], byMode: { app: ['GET'], patient: [] } };
    const ask = (method: string, mode?: Caller['mode']) =>
      tried(
        ground.policy(methods, config),
        exchangeFor({ method, ...(mode ? { caller: callerIn(mode) } : {}) }),
      );

    for (const [method, mode, status] of [
      ['GET', 'app', 200],
      ['HEAD', 'app', 200],
      ['PATCH', 'worker', 200],
      ['PATCH', undefined, 200],
      ['PATCH', 'app', 403],
      ['GET', 'patient', 403],
      ['DELETE', 'worker', 405],
    ] as const)
      it(`answer ${status} for ${method} in ${mode ?? 'no'} access`, async () => {
        assert.equal((await ask(method, mode)).status, status);
      });

    it('tell which methods there are', async () => {
      assert.equal((await ask('DELETE')).problem?.headers?.allow, 'GET, PATCH, HEAD');
      assert.equal((await ask('PATCH', 'app')).problem?.code, 'INVALID_METHOD');
    });
  });
});
