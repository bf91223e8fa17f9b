import assert from 'node:assert/strict';
import type { EndedCall } from './front.ts';
import type { Mount } from './mount-table.ts';
import { createOverload, type Overload } from './overload.ts';

describe('overload', () => {
  const mount = {} as Mount; // is not looked at
  let overload: Overload;
  beforeEach(() => {
    overload = createOverload();
  });
  afterEach(() => {
    overload.stop();
  });
  const begin = (calls: number) => {
    for (let i = 0; i < calls; i++) overload.began(mount);
  };
  const end = (calls: number, limit?: string) => {
    const facts = limit === undefined ? { people: [] } : { people: [], limit };
    for (let i = 0; i < calls; i++) overload.ended({ facts } as unknown as EndedCall, mount); // no more is looked at
  };

  it('turns nobody away while the loop rests, however many calls wait for a back end', () => {
    begin(5_000);
    overload.measure(0.9, 5_000);
    assert.equal(overload.shed(), false);
  });

  it('lets as many run as were lately answered in a tenth of a second, when the loop is busy', () => {
    begin(10_000);
    end(10_000); // in 5 s: 2,000 a second
    overload.measure(1, 5_000);
    begin(200);
    assert.equal(overload.shed(), false);
    begin(1);
    assert.equal(overload.shed(), true);
    end(1, 'overload');
    assert.equal(overload.shed(), false);
  });

  it('does not take those it turned away for answered', () => {
    begin(1_000);
    end(1_000, 'overload');
    overload.measure(1, 5_000);
    begin(65);
    assert.equal(overload.shed(), true);
  });

  it('turns nobody away when few calls run: then it is the machine that is busy', () => {
    begin(64);
    overload.measure(1, 5_000);
    assert.equal(overload.shed(), false);
  });

  it('turns nobody away for a busy moment', () => {
    begin(1_000);
    overload.measure(0.2, 1_000);
    overload.measure(1, 50);
    assert.equal(overload.shed(), false);
  });

  it('takes everybody again as soon as the loop rests', () => {
    begin(1_000);
    overload.measure(1, 5_000);
    assert.equal(overload.shed(), true);
    overload.measure(0.5, 200);
    assert.equal(overload.shed(), false);
  });
});
