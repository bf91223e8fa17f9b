import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Problem } from '../../../core/problem.ts';
import { findings } from './requirements.ts';

const checklist = `# Requirements

| id | area | requirement | how it is tested |
|---|---|---|---|
| R001 | ACC | A visitor creates an account. | Form completes. |
| R002 | TRY | A developer sends calls. | Same status. |
| N3 | SB | A sandbox that remembers. | Read back. |
`;

describe('gatehouse requirements', () => {
  let root: string;

  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'gatehouse-requirements-'));
    write('docs/requirements.md', checklist);
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it('takes a row as proven when a test title begins with its id', () => {
    write('core/a.test.ts', `it('R002 sends it', () => {});\nit('sends it, see R001', () => {});`);
    const { proofs, missing } = findings(root);
    assert.deepEqual(proofs, [{ id: 'R002', file: 'core/a.test.ts', title: 'sends it' }]);
    assert.deepEqual(
      missing.map(({ id }) => id),
      ['R001', 'N3'],
    );
  });

  it('takes several ids in one title, in any quotes and on a line of its own', () => {
    write('server/deep/b.test.ts', `  it(\n    "N3 R001 it's kept",\n    async () => {},\n  );`);
    assert.deepEqual(
      findings(root).proofs.map(({ id, title }) => [id, title]),
      [
        ['R001', "it's kept"],
        ['N3', "it's kept"],
      ],
    );
  });

  it('takes no proof from skipped tests, comments, sources or other folders', () => {
    write('core/c.test.ts', `it.skip('R001 x', f);\n// it('R002 x', f);\n * it('N3 x', f);`);
    write('core/c.ts', `it('R001 x', f);`);
    write('elsewhere/c.test.ts', `it('R001 x', f);`);
    assert.deepEqual(findings(root).proofs, []);
  });

  it('names ids that the checklist does not have, and leaves the word R4 alone', () => {
    write('test/d.test.ts', `it('R999 x', f);\nit('N15 y', f);\nit('R4 resources are valid', f);`);
    assert.deepEqual(
      findings(root).unknown.map(({ id }) => id),
      ['R999', 'N15'],
    );
  });

  it('says where the checklist was looked for when there is none', () => {
    rmSync(join(root, 'docs'), { recursive: true });
    assert.throws(
      () => findings(root),
      (error) => error instanceof Problem && error.message.includes('docs/requirements.md'),
    );
  });

  it('has in the project its own 180 + 14 rows, each once', () => {
    const { requirements } = findings('.');
    assert.equal(requirements.length, 194);
    assert.equal(new Set(requirements.map(({ id }) => id)).size, 194);
  });

  describe('on the command line', () => {
    const program = `
      const { requirementsCommand } = await import('./scripts/gatehouse/commands/requirements.ts');
      await requirementsCommand().parseAsync(process.argv.slice(1), { from: 'user' });`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', program, '--', '--root'];

    it('prints the proven rows and the count, and the others by --missing', function () {
      this.timeout(20_000);
      write('fhir/e.test.ts', `it('R002 sends it', f);`);
      const proven = execFileSync(process.execPath, [...args, root], { encoding: 'utf8' });
      assert.equal(proven, 'R002  fhir/e.test.ts  sends it\n\nproven 1 of 3\n');
      const missing = execFileSync(process.execPath, [...args, root, '--missing'], {
        encoding: 'utf8',
      });
      assert.match(
        missing,
        /^R001 {2}ACC {3}A visitor.*\nN3 {4}SB {4}A sandbox.*\n\nproven 1 of 3\n$/,
      );
    });

    it('exits with 1 at an unknown id', function () {
      this.timeout(20_000);
      write('fhir/e.test.ts', `it('R998 sends it', f);`);
      const { status, stderr } = spawnSync(process.execPath, [...args, root], { encoding: 'utf8' });
      assert.equal(status, 1);
      assert.match(stderr, /No such requirement:\nR998 {2}fhir\/e\.test\.ts/);
    });
  });
});
