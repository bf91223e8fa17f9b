/** `gatehouse mesh`: mailboxes over the management API, and messages as a client of any MESH server. */
import { Command } from 'commander';
import { ackCommand, fetchCommand, inboxCommand } from './mesh-fetch.ts';
import { mailboxCommand } from './mesh-mailbox.ts';
import { pushCommand } from './mesh-push.ts';
import { resendCommand, sendCommand, trackCommand } from './mesh-send.ts';
import { sharedKeyCommand } from './mesh-shared-key.ts';
import { workflowCommand } from './mesh-workflow.ts';

export function meshCommand(): Command {
  return new Command('mesh')
    .description('manage mailboxes of MESH; send, fetch and track messages')
    .addCommand(mailboxCommand())
    .addCommand(workflowCommand())
    .addCommand(sharedKeyCommand())
    .addCommand(sendCommand())
    .addCommand(inboxCommand())
    .addCommand(fetchCommand())
    .addCommand(ackCommand())
    .addCommand(trackCommand())
    .addCommand(resendCommand())
    .addCommand(pushCommand());
}
