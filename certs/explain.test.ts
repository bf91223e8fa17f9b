/** The explanation of certificates: every flaw is named by its own check, and a good one passes all. */
import assert from 'node:assert/strict';
import { flawedCertificates } from '../test/certificates/flawed.ts';
import { fqdn, holder, openGround, type CertificateGround } from '../test/certificates/ground.ts';
import { explainCertificate, type Explanation } from './explain.ts';
import { day } from './profiles.ts';

describe('The explanation of a certificate', () => {
  let ground: CertificateGround;
  before(async () => {
    ground = await openGround();
  });
  after(() => ground.end());
  const explain = (given: string | Buffer) => explainCertificate(given, 'uat', ground);
  const failed = ({ checks }: Explanation) =>
    checks.filter(({ ok }) => !ok).map(({ check }) => check);

  it('passes every check for one that works, and names it', async () => {
    const { record } = await ground.issue();
    const explained = await explain(record.pem);
    assert.deepEqual(failed(explained), []);
    assert.equal(explained.thumbprint, record.thumbprint);
    const names = new Set(explained.checks.map(({ check }) => check));
    for (const name of [
      'dates',
      'key',
      'usage',
      'names',
      'chain',
      'path length',
      'name constraints',
    ])
      assert.ok(names.has(name), name);
    for (const name of ['list', 'revocation', 'record', 'state']) assert.ok(names.has(name), name);
    const bytes = Buffer.from(record.pem.replace(/-----[^-]+-----|\n/g, ''), 'base64');
    assert.equal((await explain(bytes)).thumbprint, explained.thumbprint);
  });

  it('names each of more than forty flaws by its own check', async () => {
    const { own } = ground.authority.of('uat');
    assert.ok(own);
    const flawed = await flawedCertificates({
      ...{ authority: ground.authority.of('uat'), now: Date.now(), fqdn, holder },
      register: ground.register,
    });
    await ground.lists.settled();
    assert.ok(flawed.length > 40);
    for (const { name, cert, chain, failedCheck } of flawed) {
      const found = failed(await explain(cert + chain));
      assert.ok(
        found.includes(failedCheck),
        `${name}: ${failedCheck} expected, ${found.join()} found`,
      );
    }
  });

  it('tells what cannot be read, and refuses what is too long', async () => {
    for (const given of [
      '',
      'x',
      Buffer.from([0x30, 1]),
      Buffer.from('30030201ff', 'hex'),
      'x'.repeat(70_000),
    ])
      assert.deepEqual(failed(await explain(given)), ['certificate']);
  });

  it('tells one that has ended since', async () => {
    const { record } = await ground.issue();
    ground.pass(400 * day);
    assert.deepEqual(failed(await explain(record.pem)), ['dates', 'list', 'state']);
    ground.pass(-400 * day);
  });
});
