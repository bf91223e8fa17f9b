/**
 * Whom a message of ours goes to, and as whom we send it: both systems and the endpoint, as the directory has them at that
 * moment. Owns the order of these look-ups and the words where one finds nothing.
 */
import { Problem } from '../../core/problem.ts';
import type { AccreditedSystem, MessageHandler } from '../sds/directory.ts';
import type { LookUps } from './look-ups.ts';

/** What clients ask the directory beside what everybody asks. */
export interface ClientLookUps extends LookUps {
  /** The system of an organisation that takes an interaction; of several the first. */
  taking(
    query: { readonly odsCode: string; readonly interaction: string },
    view: string,
  ): Promise<AccreditedSystem | undefined>;
}

/** Between whom: our own ASID, and the receiver's ASID or ODS code. */
export interface Ends {
  readonly asid: string;
  readonly receiver: string;
}

/** A message's way. */
export interface Way {
  readonly sender: AccreditedSystem;
  readonly receiver: AccreditedSystem;
  readonly handler: MessageHandler;
  readonly url: string;
}

/** @throws Problem `upstream` where the directory does not have what is needed */
export async function wayFor(
  lookUps: ClientLookUps,
  { asid, receiver: named }: Ends,
  interaction: string,
  view: string,
): Promise<Way> {
  const byAsid = /^[0-9]{12}$/.test(named);
  const [sender, receiver] = await Promise.all([
    lookUps.system(asid, view),
    byAsid ? lookUps.system(named, view) : lookUps.taking({ odsCode: named, interaction }, view),
  ]);
  if (!sender) throw lacking('our own system');
  if (!receiver) throw lacking('a receiving system for the interaction');
  const [handler] = await lookUps.handlers({ partyKey: receiver.partyKey, interaction }, view);
  const url = handler?.endpoints[0];
  if (!handler || url === undefined) throw lacking('an endpoint for the interaction');
  return { sender, receiver, handler, url };
}

function lacking(what: string): Problem {
  return new Problem('upstream', `The directory has not ${what}`, { code: 'NOT_IN_DIRECTORY' });
}
