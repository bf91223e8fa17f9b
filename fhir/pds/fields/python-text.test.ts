import assert from 'node:assert/strict';
import { pythonText } from './python-text.ts';

describe('values in messages', () => {
  const rows: [string, unknown, string][] = [
    ['a text as it is', "O'Hara", "O'Hara"],
    ['an empty text as nothing', '', ''],
    ['a number in digits', 100, '100'],
    ['truth with a capital', [true, false], '[True, False]'],
    ['nothing as None', [null, undefined], '[None, None]'],
    ['texts in a list in quotes', ['One', 'six'], "['One', 'six']"],
    ['a quote inside double quotes', ["O'Hara"], `["O'Hara"]`],
    ['both quotes with the single one escaped', [`'"`], `['\\'"']`],
    ['an object with its names in quotes', { a: { b: [1] } }, "{'a': {'b': [1]}}"],
    ['empty lists and objects', [[], {}], '[[], {}]'],
    ['200 characters in full', 'x'.repeat(200), 'x'.repeat(200)],
    ['more than that not at all', 'x'.repeat(201), '<json too long to display>'],
    ['a long list not at all', Array.from({ length: 90 }, () => 1), '<json too long to display>'],
    ['a long text in a list not at all', ['x'.repeat(300)], '<json too long to display>'],
  ];
  for (const [what, value, expected] of rows)
    it(`write ${what}`, () => {
      assert.equal(pythonText(value), expected);
    });
});
