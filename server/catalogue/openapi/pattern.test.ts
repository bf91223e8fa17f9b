import assert from 'node:assert/strict';
import { linearPattern, whyRefused } from './pattern.ts';

const test = (pattern: string, text: string) =>
  linearPattern(pattern, { left: 5_000_000 }).test(text);

describe('patterns of producers', () => {
  const patterns = [
    '^[A-Za-z0-9\\-\\.]{1,64}$',
    '^(([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1]))?)?)$',
    '[^\\s]+([\\s]?[^\\s]+)*',
    '^(\\w+\\s?)*$',
    '^\\d{10}$|^\\d{3}-\\d{3}-\\d{4}$',
    'a.c',
    '\\bcat\\b',
    '^(?:ab|a)?b+?c{2,}$',
    '^[\\u0041-\\u005A]{2,3}$',
    '^\\p{L}+$',
    '(a*)*b',
    '^$',
    'x{0}y',
    '[^\\]]',
    '(((){9999}){9999}){9999}a',
  ];
  const texts = [
    '',
    'a',
    'abc',
    'a-b.c',
    '9000000009',
    '900-000-0009',
    '2010-10-22',
    '2010-13-22',
    'a cat!',
    'concat',
    'abbcc',
    'ab cc',
    'ÉA',
    'AB',
    'aab',
    'y',
    ']',
    'a\nc',
    ' lead',
    '😀',
  ];

  it('match what the platform matches', () => {
    for (const pattern of patterns)
      for (const text of texts) {
        let expected;
        try {
          expected = new RegExp(pattern, 'u').test(text);
        } catch {
          expected = new RegExp(pattern).test(text);
        }
        assert.equal(test(pattern, text), expected, `${pattern} on ${JSON.stringify(text)}`);
      }
  });

  it('take linear time where a backtracking engine hangs', () => {
    const began = performance.now();
    for (const pattern of ['^(a+)+$', '^(a|a)*$', '^(\\w+\\s?)*$', '^a*a*a*a*a*$', '(.*)*x'])
      assert.equal(test(pattern, 'a'.repeat(10_000) + '!'), false);
    assert.ok(performance.now() - began < 3000);
  });

  it('end when the budget is used up', () => {
    const budget = { left: 1000 };
    assert.equal(linearPattern('(a+)+', budget).test('b'.repeat(5000)), false);
    assert.ok(budget.left <= 0);
  });

  for (const [pattern, reason] of [
    ['^(?!x).*$', /look-around/],
    ['(a)\\1', /reference back/],
    ['(?<n>a)\\k<n>', /reference back/],
    ['(', /no regular expression/],
    ['(a{1,1000}){1,1000}', /too large/],
    ['x'.repeat(3000), /longer than/],
  ] as const)
    it(`refuse ${pattern.slice(0, 30)} with a reason`, () => {
      assert.match(whyRefused(pattern) ?? '', reason);
    });
});
