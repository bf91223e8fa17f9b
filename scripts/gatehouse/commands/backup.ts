/** `gatehouse backup`: the whole data folder into another, also while the server runs. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { backupFolder } from '../../../server/store/backup.ts';
import { dataDirOption } from '../data-dir.ts';
import { createFileProgress } from './file-progress.ts';

export function backupCommand(): Command {
  return new Command('backup')
    .description('copy the store, the audit, keys and certificates into a folder')
    .argument('<folder>', 'where to; must be empty or new')
    .addOption(dataDirOption())
    .addHelpText(
      'after',
      '\nThe server may run meanwhile: the copy of the store is as of one commit. A manifest with\nthe SHA-256 of each file is written last; a folder without it is no backup.\nThe copy holds the keys: guard it like the server. If AUDIT_HEADS_DIR lies outside the\ndata folder, keep that folder safe as well.',
    )
    .action(backup);
}

async function backup(folder: string, { dataDir }: { dataDir: string }): Promise<void> {
  const progress = createFileProgress('copying');
  const manifest = await backupFolder(resolve(dataDir), resolve(folder), Date.now(), progress.at);
  progress.end();
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  console.log(
    `${manifest.files.length} files, ${Math.ceil(bytes / 1e6)} MB, the store as of commit ${manifest.lastCommit}.`,
  );
}
