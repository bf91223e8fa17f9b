import assert from 'node:assert/strict';
import { clockNotes } from './doctor-notes.ts';
import { guessKind, shownMembers } from './doctor-shape.ts';

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: object, header: object = { alg: 'RS512', typ: 'JWT' }) =>
  `${part(header)}.${part(claims)}.sig`;

describe('what the doctor takes a text for', () => {
  for (const [what, text, kind] of [
    ['a text without dots', 'x'.repeat(43), 'access_token'],
    ['a text with dots that is no JWT', 'a.b.c', 'client_assertion'],
    [
      'iss and sub that are the same',
      jwt({ iss: 'me', sub: 'me', nonce: 'n' }),
      'client_assertion',
    ],
    ['the type of RFC 9068', jwt({ iss: 'x' }, { typ: 'at+jwt' }), 'access_token'],
    ['a scope', jwt({ iss: 'https://p.example', scope: 'openid' }), 'access_token'],
    ['a nonce', jwt({ iss: 'x', nonce: 'n' }), 'id_token'],
    ['an address as iss', jwt({ iss: 'https://p.example', sub: '1' }), 'id_token'],
    ['nothing that tells', jwt({}), 'client_assertion'],
  ] as const)
    it(`is told from ${what}`, () => {
      const guess = guessKind(text);
      assert.equal(guess.kind, kind);
      assert.notEqual(guess.because, '');
    });

  it('shows no JWT within the claims', () => {
    const inner = jwt({ sub: 'somebody' });
    const shown = shownMembers({ act: { sub: inner }, list: [`x ${inner}`], n: 1 });
    assert.deepEqual(shown, {
      act: { sub: '(a JWT, not shown)' },
      list: ['x (a JWT, not shown)'],
      n: 1,
    });
  });
});

describe('what the doctor says of clocks', () => {
  const notes = (claims: object) =>
    clockNotes({ header: {}, claims: { ...claims }, signed: '', signature: '' }, 1_000_000_000);

  it('tells a clock that is ahead or behind, by iat', () => {
    assert.deepEqual(notes({ iat: 1_000_011 }), ['By its iat your clock is 11 s ahead of ours.']);
    assert.deepEqual(notes({ iat: 1_000_010 }), []);
    assert.match(notes({ iat: 999_699 })[0] ?? '', /made 301 s ago.*behind ours/);
    assert.deepEqual(notes({ iat: 999_700 }), []);
  });

  it('tells milliseconds, and a life that is too long', () => {
    assert.match(notes({ exp: 1_000_000_000_000 })[0] ?? '', /milliseconds/);
    assert.match(notes({ iat: 1_000_000, exp: 1_003_600 })[0] ?? '', /3600 s after iat/);
    for (const iat of ['x', Number.NaN, Infinity, -Infinity, 1e300, null])
      assert.deepEqual(notes({ iat }), []);
  });
});
