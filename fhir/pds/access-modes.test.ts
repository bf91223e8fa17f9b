import assert from 'node:assert/strict';
import type { Caller, SignIn, UserRole } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { actingRole, pdsCaller, refusedCaller, type TokenFacts } from './access-modes.ts';
import type { PdsRow } from './errors.ts';

const pds = 'personal-demographics-service';
const cis2 = (level: string) => `urn:nhsd:apim:user-nhs-cis2:${level}:${pds}`;
const login = (level: string) => `urn:nhsd:apim:user-nhs-login:${level}:${pds}`;
const app = `urn:nhsd:apim:app:level3:${pds}`;
const privileged = `urn:nhsd:apim:app:level3:privileged-${pds}`;

const signIn: SignIn = { provider: 'nhs-cis2', issuer: 'https://cis2.example', level: 'aal3' };
const token = (scopes: readonly string[], more: Partial<TokenFacts> = {}): TokenFacts => ({
  appId: 'app-1',
  appName: 'An app',
  asid: '200000001115',
  scopes,
  attributes: {},
  ...more,
});
const patient = { nhsNumber: '9912003071', vot: 'P9.Cp.Cd', userId: '9912003071' };

function refusal(work: () => unknown): { status: number; row: PdsRow | undefined; text: string } {
  try {
    work();
  } catch (error) {
    const problem = Problem.from(error);
    // what PDS throws with a row is of this table
    return {
      status: problem.status,
      row: problem.row as PdsRow | undefined,
      text: problem.message,
    };
  }
  return assert.fail('nothing was refused');
}

describe('access mode of a PDS token', () => {
  const table: readonly (readonly [scopes: readonly string[], mode: string])[] = [
    [[app], 'app'],
    [[privileged], 'privileged'],
    [[app, privileged], 'privileged'],
    [[cis2('aal3')], 'worker'],
    [[cis2('aal2')], 'worker'],
    [[`urn:nhsd:apim:user-nhs-id:aal3:${pds}`], 'worker'],
    [[`${pds}:USER-RESTRICTED`], 'worker'],
    [[login('P9')], 'patient'],
    [[app, cis2('aal3')], 'worker'],
    [['urn:nhsd:apim:app:level3:other', app], 'app'],
  ];
  for (const [scopes, mode] of table)
    it(`is ${mode} for ${scopes.join(' and ')}`, () => {
      assert.equal(pdsCaller(token(scopes, patient)).mode, mode);
    });

  const strangers: readonly (readonly string[])[] = [
    [],
    ['urn:nhsd:apim:app:level3:other'],
    [cis2('aal1')],
    [`urn:nhsd:apim:user-nhs-id:aal2:${pds}`],
    [`${app}x`],
    [`x${app}`],
    ['patient/Patient.rs'],
    [`urn:nhsd:apim:app:level0:${pds}`],
  ];
  for (const scopes of strangers)
    it(`is none for ${scopes.join(' ') || 'no scope'}`, () => {
      const { status, text } = refusal(() => pdsCaller(token(scopes)));
      assert.equal(status, 401);
      assert.equal(text, 'Invalid API call as no apiproduct match found');
    });

  for (const level of ['P0', 'P5'])
    it(`is refused to a patient at ${level}, whatever else the token holds`, () => {
      for (const scopes of [[login(level)], [login('P9'), login(level)], [app, login(level)]]) {
        const { status, row } = refusal(() => pdsCaller(token(scopes, patient)));
        assert.deepEqual([status, row?.display], [403, 'Patient cannot perform this action']);
      }
    });

  for (const vot of ['P9.Cp.Cd', 'P9.Cp.Ck', 'P9.Cm'])
    it(`takes a patient with the vector ${vot}`, () => {
      const caller = pdsCaller(token([login('P9')], { ...patient, vot }));
      assert.deepEqual([caller.nhsNumber, caller.userId], ['9912003071', '9912003071']);
      assert.ok(caller.grants.has('coverage'));
    });

  const unproven: readonly Partial<TokenFacts>[] = [
    { nhsNumber: '9912003071' },
    { ...patient, vot: 'P9.Cp' },
    { ...patient, vot: 'P5.Cp.Cd' },
    { ...patient, vot: 'p9.cp.cd' },
    { ...patient, vot: 'P9.Cp.Cd ' },
    { vot: 'P9.Cp.Cd' },
    { ...patient, nhsNumber: '9912003072' },
    { ...patient, nhsNumber: '' },
  ];
  for (const facts of unproven)
    it(`refuses a patient with ${JSON.stringify(facts)}`, () => {
      assert.equal(refusal(() => pdsCaller(token([login('P9')], facts))).status, 403);
    });

  it('tells nobody of a person behind an app on its own', () => {
    const caller = pdsCaller(token([app], { ...patient, signIn }));
    assert.deepEqual(
      [caller.userId, caller.nhsNumber, caller.signIn],
      [undefined, undefined, undefined],
    );
  });

  it('names the person who acts for a patient as the user', () => {
    const caller = pdsCaller(token([login('P9')], { ...patient, userId: '9990000352' }));
    assert.deepEqual([caller.nhsNumber, caller.userId], ['9912003071', '9990000352']);
  });

  it('keeps app, person and no right of whoever it refuses', () => {
    const facts = token([cis2('aal1')], { signIn, userId: '656005750110' });
    const caller = refusedCaller(facts);
    assert.deepEqual(
      [caller.appId, caller.userId, caller.mode],
      ['app-1', '656005750110', 'worker'],
    );
    assert.equal(caller.grants.size, 0);
    assert.equal(refusedCaller({ ...facts, signIn: { ...signIn, level: 'p5' } }).mode, 'patient');
    assert.equal(refusedCaller(token([])).mode, 'app');
  });
});

describe('rights of an app by its settings', () => {
  const grants = (attributes: Record<string, string>, scopes = [app]) =>
    [...pdsCaller(token(scopes, { ...patient, attributes })).grants].sort();

  it('lets an application-restricted app write where that was agreed, in these words only', () => {
    assert.deepEqual(grants({ 'pds.app-restricted.update': 'true' }), ['app-restricted-update']);
    for (const value of ['TRUE', '1', 'yes', '', 'false'])
      assert.deepEqual(grants({ 'pds.app-restricted.update': value }), []);
    assert.deepEqual(grants({ 'pds.app-restricted.update': 'true' }, [privileged]), []);
  });

  it('takes what is known of pds.custom-attributes, and no right that is not among them', () => {
    const value =
      'return-empty-address-lines, return-nhs-record-sharing-consent coverage app-restricted-update';
    assert.deepEqual(grants({ 'pds.custom-attributes': value }), [
      'return-empty-address-lines',
      'return-nhs-record-sharing-consent',
    ]);
  });

  it('opens Coverage and restricted records to an app with which that was agreed', () => {
    assert.deepEqual(grants({ 'pds.coverage': 'true' }), ['coverage']);
    assert.deepEqual(grants({ 'pds.restricted-update': 'true' }), ['restricted-update']);
    assert.deepEqual(grants({ 'pds.coverage': 'false', 'pds.restricted-update': 'yes' }), []);
  });
});

const role = (id: string, job = 'R0260'): UserRole => ({
  ...{ id, code: `S0010:G0020:${job}`, name: 'A role', odsCode: 'Y90001' },
});
const worker = (over?: Partial<SignIn>): Caller => ({
  ...{ appId: 'a', appName: 'a', mode: 'worker' as const, scopes: [], grants: new Set<string>() },
  ...(over ? { signIn: { ...signIn, ...over } } : {}),
});

describe('role that a worker acts in', () => {
  const one = [role('1')];
  const three = [role('1'), role('2'), role('3', 'R5080')];
  const acts: readonly (readonly [
    Partial<SignIn> | undefined,
    string | undefined,
    string | undefined,
  ])[] = [
    [undefined, undefined, undefined],
    [undefined, '77', '77'],
    [{ roles: [] }, undefined, undefined],
    [{ roles: one }, undefined, '1'],
    [{ roles: one }, '1', '1'],
    [{ roles: three }, '2', '2'],
    [{ roles: three, selectedRole: '2' }, undefined, '2'],
    [{ roles: three, selectedRole: '2' }, '2', '2'],
    [{}, undefined, undefined],
    [{ selectedRole: '2' }, '2', '2'],
    [{ selectedRole: '2' }, undefined, '2'],
  ];
  for (const [over, header, expected] of acts)
    it(`is ${expected ?? 'none'} for header ${header ?? '(none)'} of ${JSON.stringify(over)}`, () => {
      assert.equal(actingRole(worker(over), header), expected);
    });

  const refused: readonly (readonly [Partial<SignIn> | undefined, string | undefined, number])[] = [
    [{ roles: three }, undefined, 400],
    [{ roles: three }, '9', 400],
    [{ roles: one }, '2', 400],
    [{ roles: [] }, '1', 400],
    [{}, '1', 400], // nobody told which roles there are, so nobody vouches for this one
    [{ roles: three, selectedRole: '1' }, '2', 400],
    [{ roles: one, selectedRole: '2' }, undefined, 400],
    [{ roles: three }, '3', 403],
    [{ roles: [role('3', 'R5080')] }, undefined, 403],
    ...['', 'abc', '1a', '-1', '1.0', ' 1', '٣', '1'.repeat(21), '1,1'].map(
      (header) => [{ roles: one }, header, 400] as const,
    ),
    [undefined, 'abc', 400],
  ];
  for (const [over, header, status] of refused)
    it(`is refused with ${status}: header ${JSON.stringify(header)} of ${JSON.stringify(over)}`, () => {
      assert.equal(refusal(() => actingRole(worker(over), header)).status, status);
    });
});
