/** `gatehouse restore`: a backup back into a data folder. The server must be stopped. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { restoreFolder } from '../../../server/store/backup.ts';
import { dataDirOption } from '../data-dir.ts';
import { createFileProgress } from './file-progress.ts';

export function restoreCommand(): Command {
  return new Command('restore')
    .description('put a backup back into the data folder')
    .argument('<folder>', 'the backup')
    .addOption(dataDirOption())
    .option('--force', 'replace what the data folder holds', false)
    .addHelpText(
      'after',
      '\nStop the server first. Every file is checked against the manifest before anything is\nreplaced; a backup of a newer data format is refused.',
    )
    .action(restore);
}

async function restore(
  folder: string,
  { dataDir, force }: { dataDir: string; force: boolean },
): Promise<void> {
  const progress = createFileProgress('restoring');
  const manifest = await restoreFolder(resolve(folder), resolve(dataDir), force, progress.at);
  progress.end();
  console.log(
    `${manifest.files.length} files of ${manifest.made}, the store as of commit ${manifest.lastCommit}.`,
  );
}
