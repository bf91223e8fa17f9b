import assert from 'node:assert/strict';
import { Problem } from '../../../core/problem.ts';
import { accessGround, configOf, type AccessGround } from '../../../test/access-ground.ts';
import {
  policyGround,
  type PolicyGround,
  type PolicyGroundOptions,
} from '../../../test/policy-ground.ts';
import { deprecation } from './deprecation.ts';

describe('the policy of deprecation', () => {
  let access: AccessGround;
  const open: PolicyGround[] = [];
  const ground = async (config: object, answer: PolicyGroundOptions['answer']) => {
    const policies = [access.policy(deprecation, config)];
    const made = await policyGround({ policies, ...(answer ? { answer } : {}) });
    open.push(made);
    return made;
  };
  before(async () => {
    access = await accessGround();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end();
  });
  after(() => access.end());

  const config = {
    since: '2026-11-01',
    sunset: '2027-05-01T12:00:00Z',
    successor: '/hello/v2',
    link: 'https://example.org/why',
  };
  const links =
    '</hello/v2>; rel="successor-version", <https://example.org/why>; rel="deprecation"; type="text/html"';

  it('says since when, until when and where to go, beside the links of the answer', async () => {
    const made = await ground(config, () => ({
      status: 200,
      headers: { Link: ['</a>; rel="next"'], 'x-a': '1' },
    }));
    const { headers } = await made.ask('/');
    assert.equal(headers.deprecation, '@1793491200');
    assert.equal(headers.sunset, 'Sat, 01 May 2027 12:00:00 GMT');
    assert.equal(headers.link, `</a>; rel="next", ${links}`);
    assert.equal(headers['x-a'], '1');
  });

  it('says it on refusals too, and keeps what they say themselves', async () => {
    const made = await ground(config, () => {
      throw new Problem('throttled', 'Later', { code: 'LATER', headers: { 'retry-after': '3' } });
    });
    const { status, headers, text } = await made.ask('/');
    assert.equal(status, 429);
    assert.equal(headers['retry-after'], '3');
    assert.equal(headers.deprecation, '@1793491200');
    assert.equal(headers.link, links);
    assert.equal(JSON.parse(text).code, 'LATER');
  });

  it('takes milliseconds, and needs no more than a beginning', async () => {
    const made = await ground({ since: 1_793_491_200_999 }, undefined);
    const { headers } = await made.ask('/');
    assert.equal(headers.deprecation, '@1793491200');
    assert.equal(headers.sunset, undefined);
    assert.equal(headers.link, undefined);
  });

  it('is refused with an end before its beginning, or an address that could split the field', () => {
    const faults = (given: object) =>
      deprecation.check?.(configOf(deprecation, given), access.site());
    assert.equal(faults({ since: '2026-11-01', sunset: '2026-10-31' })?.length, 1);
    assert.deepEqual(faults(config), []);
    for (const successor of [
      'javascript:x',
      'https://a/>; rel="x"',
      'https://a/\r\nx: y',
      '//'.repeat(600),
    ])
      assert.throws(
        () => configOf(deprecation, { since: 0, successor }),
        Error,
        successor.slice(0, 20),
      );
    assert.throws(() => configOf(deprecation, { since: 'soon' }));
    assert.throws(() => configOf(deprecation, {}));
  });
});
