import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../../core/problem.ts';
import { crossOrganisationCommand } from './token-cross-organisation.ts';

const audience = 'https://provider.example/fhir';
const system = ['--asid', '200000009000', '--organisation', 'A20047'];

/** What the command prints. */
async function run(...args: string[]): Promise<string> {
  const printed: string[] = [];
  const { log } = console;
  console.log = (line: string) => printed.push(line);
  try {
    await crossOrganisationCommand().parseAsync(['--audience', audience, ...args], {
      from: 'user',
    });
  } finally {
    console.log = log;
  }
  return printed.join('\n');
}

describe('gatehouse token cross-organisation', () => {
  it('makes a token that it then takes, and says what is in it', async () => {
    const token = await run(...system, '--user', '555254240100');
    assert.match(token, /^[\w-]+\.[\w-]+\.$/);
    const told = JSON.parse(await run('--check', token)) as Record<string, unknown>;
    assert.equal(told.roleProfile, '555254240100');
    assert.equal(told.odsCode, 'A20047');
    const resources = await run(
      ...system,
      '--profile',
      'gp-connect',
      '--user',
      '1',
      '--user-id',
      '2',
    );
    const inline = JSON.parse(await run('--check', resources)) as Record<string, unknown>;
    assert.deepEqual([inline.profile, inline.userId], ['gp-connect', '2']);
  });

  it('says by which rule a token would be refused', async () => {
    const token = await run(...system);
    const refused = (pattern: RegExp) => (error: unknown) =>
      error instanceof Problem && pattern.test(error.message);
    await assert.rejects(run('--check', token, '--access', 'write'), refused(/rule access/));
    await assert.rejects(run('--check', token, '--asid', '200000009001'), refused(/rule asid/));
    await assert.rejects(run('--check', `${token}x`), refused(/rule signature/));
    await assert.rejects(run('--patient', '9000000000', ...system), refused(/valid NHS number/));
    await assert.rejects(run(), refused(/--asid and --organisation/));
    await assert.rejects(run(...system, '--key', '/nowhere'), refused(/cannot be read/));
  });

  it('signs with a key of the app, and checks with its public one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-token-'));
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const [own, others] = [join(folder, 'own.pem'), join(folder, 'public.pem')];
    writeFileSync(own, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(others, publicKey.export({ type: 'spki', format: 'pem' }));
    const token = await run(
      ...system,
      '--key',
      own,
      '--kid',
      'k1',
      '--patient',
      '9000000009',
      '--reason',
      'patientaccess',
    );
    const told = JSON.parse(await run('--check', token, '--key', others)) as Record<
      string,
      unknown
    >;
    assert.equal(told.signed, true);
    rmSync(folder, { recursive: true });
  });
});
