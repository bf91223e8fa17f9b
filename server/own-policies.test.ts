import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOwnPolicies } from './own-policies.ts';

describe('policies of one’s own', () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-policies-'));
  });
  after(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const written = (name: string, text: string) => {
    const file = join(dir, name);
    writeFileSync(file, text);
    return file;
  };
  const good =
    "export const schema = { type: 'object' };\nexport const create = () => (next) => next;\n";
  const none = () => false;

  it('R123 are modules that export a schema and a function', async () => {
    const plain = written('stamp.mjs', good);
    const full = written(
      'x.mjs',
      `${good}export const name = 'seal'; export const phase = 'respond'; export const summary = 'Seals.';`,
    );
    const kinds = await loadOwnPolicies(` ${plain}, ${full}`, none);
    assert.deepEqual(
      Object.entries(kinds).map(([name, { phase, summary }]) => [name, phase, summary]),
      [
        ['stamp', 'validate', ''],
        ['seal', 'respond', 'Seals.'],
      ],
    );
  });

  it('are none where none are named', async () => {
    assert.deepEqual(await loadOwnPolicies('', none), {});
  });

  it('stop the start when they are not what they must be, each by name', async () => {
    const files = {
      'no-schema.mjs': 'export const create = () => (next) => next;',
      'no-create.mjs': 'export const schema = {};',
      'bad-phase.mjs': `${good}export const phase = 'later';`,
      'Bad_Name.mjs': good,
      'throws.mjs': "throw new Error('not today');",
    };
    const paths = Object.entries(files).map(([name, text]) => written(name, text));
    paths.push(join(dir, 'absent.mjs'), written('quota.mjs', good));
    await assert.rejects(
      loadOwnPolicies(paths.join(), (name) => name === 'quota'),
      ({ message }: Error) => {
        const lines = message.split('\n');
        assert.equal(lines.length, 8);
        for (const wanted of [
          /no-schema\.mjs: it must export schema/,
          /no-create\.mjs: it must export create/,
          /bad-phase\.mjs: phase must be one of/,
          /Bad_Name\.mjs: its name must be/,
          /throws\.mjs: not today/,
          /absent\.mjs: /,
          /quota\.mjs: there is a policy quota already/,
        ])
          assert.match(message, wanted);
        return true;
      },
    );
  });
});
