/**
 * The program `gatehouse`: one file a command in commands/. Those that manage apps and APIs need a running server, those
 * that open the data folder say so, the rest need neither.
 */
import { Command } from 'commander';
import { adminCommand } from './commands/admin.ts';
import { apiCommand } from './commands/api.ts';
import { appCommand } from './commands/app.ts';
import { auditCommand } from './commands/audit.ts';
import { backupCommand } from './commands/backup.ts';
import { certCommand } from './commands/cert.ts';
import { checkCommand } from './commands/check.ts';
import { deploymentCommand } from './commands/deployment.ts';
import { directoryCommand } from './commands/directory.ts';
import { keyCommand } from './commands/key.ts';
import { limitsCommand } from './commands/limits.ts';
import { loadCommand } from './commands/load.ts';
import { eventsCommand } from './commands/events.ts';
import { meshCommand } from './commands/mesh.ts';
import { messagesCommand } from './commands/messages.ts';
import { patientsCommand } from './commands/patients.ts';
import { policiesCommand } from './commands/policies.ts';
import { productCommand } from './commands/product.ts';
import { proxyCommand } from './commands/proxy.ts';
import { requirementsCommand } from './commands/requirements.ts';
import { restoreCommand } from './commands/restore.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { secretCommand } from './commands/secret.ts';
import { statusCommand } from './commands/status.ts';
import { subscriptionCommand } from './commands/subscription.ts';
import { tokenCommand } from './commands/token.ts';
import { usageCommand } from './commands/usage.ts';

export function gatehouse(): Command {
  return new Command('gatehouse')
    .description('Gatehouse: a national health API platform in a box')
    .addHelpText(
      'after',
      '\nStart the server with: npm start\nPut an API on it: gatehouse api new --help, and docs/guides/producer.md',
    )
    .addCommand(apiCommand())
    .addCommand(proxyCommand())
    .addCommand(rollbackCommand())
    .addCommand(secretCommand())
    .addCommand(policiesCommand())
    .addCommand(appCommand())
    .addCommand(productCommand())
    .addCommand(subscriptionCommand())
    .addCommand(keyCommand())
    .addCommand(deploymentCommand())
    .addCommand(certCommand())
    .addCommand(directoryCommand())
    .addCommand(messagesCommand())
    .addCommand(meshCommand())
    .addCommand(eventsCommand())
    .addCommand(limitsCommand())
    .addCommand(adminCommand())
    .addCommand(statusCommand())
    .addCommand(usageCommand())
    .addCommand(tokenCommand())
    .addCommand(patientsCommand())
    .addCommand(loadCommand())
    .addCommand(backupCommand())
    .addCommand(restoreCommand())
    .addCommand(checkCommand())
    .addCommand(auditCommand())
    .addCommand(requirementsCommand())
    .showHelpAfterError('(gatehouse <command> --help tells what a command takes)');
}

/** What is told at the terminal of whatever a command throws. */
export function toldOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return String(error);
}
