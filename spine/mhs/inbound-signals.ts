/**
 * Acknowledgements and errors of the envelope for requests of our own: which delivery they end. Whatever comes late, twice
 * or for nothing ends nothing and is taken all the same.
 */
import type { Outbox } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { EbxmlEnvelope } from '../ebxml/envelope.ts';
import { refused } from './client-conversation.ts';
import { isCode } from './client-sync.ts';
import { topics } from './deliveries.ts';

export async function takeOwnSignal(
  { outbox }: { readonly outbox: Outbox },
  { acknowledgment, errors, refToMessageId, fromParty, toParty }: EbxmlEnvelope,
  environment: string,
): Promise<void> {
  const ref = (acknowledgment?.refToMessageId ?? refToMessageId ?? '').toUpperCase();
  if (ref === '') return;
  const open = (await outbox.named(ref)).find(
    ({ topic, about, ended }) =>
      topic === topics.ask &&
      ended === undefined &&
      about.environment === environment &&
      about.messageId === ref &&
      about.toParty === fromParty &&
      about.fromParty === toParty,
  );
  if (!open) return;
  if (acknowledgment) {
    await outbox.confirm(open.id);
    return;
  }
  const fatal = errors?.errors.filter(({ severity }) => severity !== 'Warning') ?? [];
  if (fatal.length === 0) return;
  const code = fatal.map(({ errorCode }) => errorCode).find(isCode) ?? '';
  await outbox.abandon(open.id, `${refused}error ${code}`.trim()).catch((error: unknown) => {
    // It has ended meanwhile.
    if (!(error instanceof Problem && error.kind === 'conflict')) throw error;
  });
}
