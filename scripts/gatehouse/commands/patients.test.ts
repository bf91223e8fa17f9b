import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cell } from '../../../fhir/synthetic/csv.ts';
import { fromLine } from '../../../fhir/pds/record.ts';
import { patientsCommand } from './patients.ts';

describe('gatehouse patients', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-patients-'));
  after(() => {
    rmSync(folder, { recursive: true });
  });

  /** What the command writes to a file, given its options. */
  async function written(...options: string[]): Promise<string> {
    const file = join(folder, 'out');
    const command = patientsCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });
    await command.parseAsync([...options, '--out', file], { from: 'user' });
    return readFileSync(file, 'utf8');
  }

  it('writes as many patients as asked for, one a line, the same for the same seed', async () => {
    const text = await written('--count', '130', '--seed', '5');
    const lines = text.trimEnd().split('\n');
    assert.equal(lines.length, 130);
    assert.equal(new Set(lines.map((line) => fromLine(line).patient.id)).size, 130);
    assert.equal(await written('--count', '130', '--seed', '5'), text);
    assert.notEqual(await written('--count', '130', '--seed', '6'), text);
  });

  it('writes a bundle that can be parsed whole', async () => {
    const bundle: unknown = JSON.parse(await written('--count', '40', '--format', 'bundle'));
    const { type, entry } = bundle as { type: string; entry: { resource: { id: string } }[] }; // its shape is what is tested
    assert.equal(type, 'collection');
    assert.equal(entry.length, 40);
    assert.equal(entry[0]?.resource.id, '9990000018');
  });

  it('writes a table with a line for each patient and one of headings', async () => {
    const lines = (await written('--count', '40', '--format', 'csv')).trimEnd().split('\r\n');
    assert.equal(lines.length, 41);
    assert.match(lines[0] ?? '', /^nhs_number,title,given/);
    assert.match(lines[1] ?? '', /^9990000018,/);
  });

  it('keeps a spreadsheet from running a cell', () => {
    assert.equal(cell('+44 7700 900123'), "'+44 7700 900123");
    assert.equal(cell('=1+1'), "'=1+1");
    assert.equal(cell('a,"b"'), '"a,""b"""');
  });

  it('refuses more than the 999 range holds, saying so', async () => {
    await assert.rejects(written('--count', '909092'), /never issued, holds 909091/);
  });

  it('refuses a count, a seed or a date of another form, saying what is wanted', async () => {
    await assert.rejects(written('--count', 'many'), /a whole number from 0 upwards is wanted/);
    await assert.rejects(written('--seed', '1.5'), /a whole number from 0 upwards is wanted/);
    await assert.rejects(written('--date', '2026-02-30'), /a date such as 2026-11-01 is wanted/);
  });
});
