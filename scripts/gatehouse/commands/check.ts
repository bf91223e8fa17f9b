/** `gatehouse check`: reads every stored record and names the damaged ones. A running server does not mind. */
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { bodyCheck } from '../../../server/mesh-check.ts';
import { checkStore } from '../../../server/store/check.ts';
import { storeFile } from '../../../server/store/folder.ts';
import { dataDirOption } from '../data-dir.ts';
import { createProgress } from '../progress.ts';

export function checkCommand(): Command {
  return new Command('check')
    .description(
      'read every record of the store, check it, its indexes and bodies, and name what is damaged',
    )
    .addOption(dataDirOption())
    .addHelpText(
      'after',
      '\nExit code: 0 when all is good, 1 when something is damaged. The server may run meanwhile.\nThe audit has a check of its own: gatehouse audit verify.',
    )
    .action(check);
}

function check({ dataDir }: { dataDir: string }): void {
  const progress = createProgress('records checked');
  const folder = resolve(dataDir);
  const told = (done: number, total: number) => {
    progress.at(done, total);
  };
  const report = checkStore(join(folder, storeFile), told, bodyCheck(folder));
  progress.end(report.documents);
  for (const fault of report.faults) console.log(fault);
  if (report.faults.length > 0) {
    process.exitCode = 1;
    return;
  }
  console.log(`All ${report.documents} records are good; the last commit is ${report.lastCommit}.`);
}
