import assert from 'node:assert/strict';
import { dayOf, lastDay } from './day.ts';

describe('a day', () => {
  it('is read as people write it', () => {
    const wanted = Date.UTC(2027, 2, 31);
    for (const text of [
      '31 3 2027',
      '31/03/2027',
      '31.3.2027',
      '31-3-2027',
      '31 March 2027',
      '31 mar 2027',
      ' 2027-03-31 ',
    ])
      assert.equal(dayOf(text), wanted, text);
  });

  it('is none where the calendar has no such day', () => {
    for (const text of ['', 'soon', '31/02/2027', '32 1 2027', '1 13 2027', '1 Foo 2027', '3 2027'])
      assert.equal(dayOf(text), undefined, text);
    assert.equal(dayOf('2027-02-30'), undefined);
    assert.equal(dayOf('29 2 2028'), Date.UTC(2028, 1, 29));
  });

  it('is told as the last one, also in summer time', () => {
    assert.match(lastDay(Date.UTC(2027, 3, 1)).text, />31 March 2027</);
    assert.match(lastDay(Date.UTC(2027, 3, 1, 12)).text, />1 April 2027 at 13:00</);
  });
});
