import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../core/problem.ts';
import {
  newRsaKey,
  randomKey,
  readOrMake,
  readSecretFile,
  replaceSecretFile,
  writeSecretFile,
} from './key-files.ts';

describe('key files', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-keys-'));
  const at = (name: string) => join(dir, 'keys', name);
  after(() => {
    rmSync(dir, { recursive: true });
  });

  it('are made once, for their owner alone, and read again', () => {
    const key = randomKey(at('a.key'));
    assert.equal(key.length, 32);
    assert.deepEqual(randomKey(at('a.key')), key);
    assert.equal(statSync(at('a.key')).mode & 0o777, 0o600);
    assert.equal(statSync(join(dir, 'keys')).mode & 0o077, 0);
    assert.notDeepEqual(randomKey(at('b.key')), key);
  });

  for (const mode of [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601])
    it(`are refused with the mode ${mode.toString(8)}, and the sentence names file and remedy`, () => {
      const file = at(`mode-${mode}`);
      writeSecretFile(file, 'x');
      chmodSync(file, mode);
      assert.throws(
        () => readSecretFile(file),
        (error) =>
          error instanceof Problem &&
          error.kind === 'unavailable' &&
          error.message.includes(`chmod 600 ${file}`),
      );
      assert.throws(() => randomKey(file), Problem);
    });

  it('that hold something else are refused, and nothing of them is told', () => {
    writeSecretFile(at('short.key'), 'dG9vIHNob3J0');
    assert.throws(
      () => randomKey(at('short.key')),
      (error) => error instanceof Problem && !error.message.includes('dG9v'),
    );
  });

  it('are left as they are by whoever writes second', () => {
    writeSecretFile(at('first'), 'one');
    writeSecretFile(at('first'), 'two');
    assert.equal(readSecretFile(at('first')), 'one');
    assert.equal(
      readOrMake(at('first'), () => 'three'),
      'one',
    );
  });

  it('are replaced whole, and leave no half file', () => {
    writeSecretFile(at('other'), 'one');
    replaceSecretFile(at('other'), 'two');
    assert.equal(readFileSync(at('other'), 'utf8'), 'two\n');
    assert.equal(statSync(at('other')).mode & 0o777, 0o600);
    assert.deepEqual(
      readdirSync(join(dir, 'keys')).filter((name) => name.endsWith(`.${process.pid}`)),
      [],
    );
  });

  it('that are not there are told apart from those that will not do', () => {
    assert.equal(readSecretFile(at('nothing')), undefined);
    writeFileSync(at('empty'), '', { mode: 0o600 });
    assert.equal(readSecretFile(at('empty')), '');
  });

  it('hold RSA keys of the asked size', async () => {
    const { asymmetricKeyDetails } = createPrivateKey(await newRsaKey(2048));
    assert.equal(asymmetricKeyDetails?.modulusLength, 2048);
    assert.equal(asymmetricKeyDetails.publicExponent, 65537n);
  });
});
