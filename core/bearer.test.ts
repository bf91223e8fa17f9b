import assert from 'node:assert/strict';
import { bearerOf } from './bearer.ts';
import type { Exchange } from './exchange.ts';

/** What bearerOf looks at, of fields as node:http would give them. */
function withFields(...values: readonly string[]): Exchange {
  const rawHeaders = values.flatMap((value) => ['Authorization', value]);
  const [authorization] = values;
  return { headers: { authorization }, rawHeaders } as unknown as Exchange; // it reads nothing else
}

const token = 'abcdefghijklmnopqrstuvwxyz0123456789-_ABCDE';

describe('bearer token of a call', () => {
  const taken: Readonly<Record<string, string>> = {
    'as it should be': `Bearer ${token}`,
    'in lower case': `bearer ${token}`,
    'in capitals': `BEARER ${token}`,
    'after several blanks': `Bearer   ${token}`,
    'between blanks': `  Bearer ${token}  `,
  };
  for (const [name, value] of Object.entries(taken))
    it(`takes a token ${name}`, () => {
      assert.deepEqual(bearerOf(withFields(value)), { token });
    });

  const refused: readonly (readonly [name: string, value: string, fault: string, none?: true])[] = [
    ['an empty field', '', 'Empty Authorization header', true],
    ['blanks alone', '   ', 'Empty Authorization header', true],
    ['the scheme alone', 'Bearer', 'Missing access token'],
    ['the scheme and blanks', 'Bearer   ', 'Missing access token'],
    ['another scheme', 'Basic YTpi', "Invalid token type 'Basic', must be 'Bearer'"],
    [
      'a token without a scheme',
      token,
      `Invalid token type '${token.slice(0, 20)}', must be 'Bearer'`,
    ],
    ['a scheme with markup', '<b>"\\x', "Invalid token type '?b???x', must be 'Bearer'"],
    [
      'a colon for the blank',
      `Bearer:${token}`,
      "Invalid token type 'Bearer?abcdefghijklm', must be 'Bearer'",
    ],
    ['a tab for the blank', `Bearer\t${token}`, 'Invalid Authorization header'],
    ['a tab in the token', `Bearer ${token}\tx`, 'Invalid Authorization header'],
    ['a blank in the token', `Bearer ${token} x`, 'Invalid Authorization header'],
    ['many words', `Bearer ${'a '.repeat(500)}`, 'Invalid Authorization header'],
    ['a token over 8 KB', `Bearer ${'a'.repeat(8192)}`, 'Invalid Access Token'],
  ];
  for (const [name, value, fault, none] of refused)
    it(`refuses ${name}`, () => {
      assert.deepEqual(bearerOf(withFields(value)), { fault, none: none ?? false });
    });

  it('tells a missing field from an empty one', () => {
    assert.deepEqual(bearerOf(withFields()), {
      fault: 'Missing Authorization header',
      none: true,
    });
  });

  it('refuses two fields, even when they say the same', () => {
    const fault = { fault: 'Invalid Authorization header', none: false };
    assert.deepEqual(bearerOf(withFields(`Bearer ${token}`, 'Bearer other')), fault);
    assert.deepEqual(bearerOf(withFields(`Bearer ${token}`, `Bearer ${token}`)), fault);
  });

  it('takes time in proportion to a hostile field', () => {
    const started = performance.now();
    for (let i = 0; i < 200; i++)
      bearerOf(withFields(`${' '.repeat(8000)}Bearer${' '.repeat(100)}`));
    assert.ok(performance.now() - started < 500);
  });
});
