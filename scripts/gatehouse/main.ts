/** The command line: one file a command in commands/. Commands that open the data folder say so; the rest need no server. */
import { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import { auditCommand } from './commands/audit.ts';
import { backupCommand } from './commands/backup.ts';
import { checkCommand } from './commands/check.ts';
import { loadCommand } from './commands/load.ts';
import { patientsCommand } from './commands/patients.ts';
import { requirementsCommand } from './commands/requirements.ts';
import { restoreCommand } from './commands/restore.ts';

const program = new Command('gatehouse')
  .description('Gatehouse: a national health API platform in a box')
  .addHelpText('after', '\nStart the server with: npm start')
  .addCommand(patientsCommand())
  .addCommand(loadCommand())
  .addCommand(backupCommand())
  .addCommand(restoreCommand())
  .addCommand(checkCommand())
  .addCommand(auditCommand())
  .addCommand(requirementsCommand())
  .showHelpAfterError('(gatehouse <command> --help tells what a command takes)');

try {
  await program.parseAsync();
} catch (error) {
  const problem = Problem.from(error);
  const told =
    problem.kind === 'internal' && error instanceof Error ? error.message : problem.message;
  process.stderr.write(`${told}\n`);
  process.exitCode = 1;
}
