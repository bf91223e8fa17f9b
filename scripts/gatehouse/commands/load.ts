/** `gatehouse load`: NDJSON patients into the base data set, resumable. Opens the data folder, so the server must be stopped. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { isNhsNumber } from '../../../fhir/identifiers.ts';
import { loadOpenApi } from '../../../fhir/openapi.ts';
import { behindFaults } from '../../../fhir/pds/behind-check.ts';
import { createBodyChecks } from '../../../fhir/pds/body-checks.ts';
import { fromLine, type PdsRecord } from '../../../fhir/pds/record.ts';
import { patientCollection } from '../../../fhir/pds/stored-patients.ts';
import { openEmbeddedStore } from '../../../server/store/embedded.ts';
import { dataDirOption } from '../data-dir.ts';
import { createProgress } from '../progress.ts';
import { packageRoot } from '../root.ts';

export function loadCommand(): Command {
  return new Command('load')
    .description('load patients from NDJSON, one FHIR Patient a line, into the base data set')
    .argument('<file>', 'the file, as gatehouse patients writes it')
    .addOption(dataDirOption())
    .addHelpText(
      'after',
      '\nA record that is there already is replaced. A load that was cut off goes on where it was\nwhen it is started again with the same file. Stop the server first.',
    )
    .action(load);
}

/** How a file is known again: it must be the same one for a load to go on. */
function markOf(file: string): string {
  const { size, mtimeMs } = statSync(file);
  return `load ${file} ${size} ${mtimeMs}`;
}

async function load(name: string, { dataDir }: { dataDir: string }): Promise<void> {
  const file = resolve(name);
  if (!existsSync(file)) throw new Problem('invalid', `There is no file ${name}`);
  const store = await openEmbeddedStore({ dir: resolve(dataDir) });
  try {
    const mark = markOf(file);
    const done = Number((await store.mark(mark)) ?? 0);
    if (done > 0) process.stderr.write(`Going on after ${done} patients.\n`);
    const progress = createProgress('patients loaded');
    const counts = { issued: 0 };
    const loaded = await store.bulk(patientCollection, records(file, done, counts), {
      mark: { name: mark, value: (count) => String(done + count) },
      onProgress: (count) => {
        progress.at(done + count);
      },
    });
    await store.setMark(mark, undefined);
    progress.end(done + loaded);
    if (counts.issued > 0)
      process.stderr.write(
        `Warning: ${counts.issued} NHS numbers lie in ranges that are issued to real people.\n`,
      );
  } finally {
    await store.close();
  }
}

/** The checked records of a file after the first `skip` lines. */
async function* records(
  file: string,
  skip: number,
  counts: { issued: number },
): AsyncIterable<{ id: string; value: PdsRecord }> {
  const { patientFaults } = createBodyChecks(
    loadOpenApi(join(packageRoot, 'fhir', 'pds', 'openapi.json')),
  );
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
  let number = 0;
  for await (const line of lines) {
    number++;
    if (number <= skip || line === '') continue;
    const record = read(line, number);
    const { id } = record.patient;
    const faults =
      typeof id === 'string' && isNhsNumber(id)
        ? [...patientFaults(record.patient), ...behindFaults(record.behind)]
        : ['id is no valid NHS number'];
    if (faults.length > 0)
      throw new Problem('invalid', `Line ${number}: ${faults.slice(0, 3).join('; ')}`);
    if (/^[4-7]/.test(id)) counts.issued++;
    yield { id, value: record };
  }
}

function read(line: string, number: number): PdsRecord {
  try {
    return fromLine(line);
  } catch {
    throw new Problem('invalid', `Line ${number} is not JSON`);
  }
}
