/**
 * Whether an ebXML message bears what its contract wants: elements of reliability, and references to its parts. Owns the
 * names of these rules; where the contract comes from is the caller's.
 */
import type { Contract, Presence } from '../interactions-contract.ts';
import { failure, type Failure } from '../soap/failure.ts';
import { actorOfUrn, ebChildren, syncReplyActor } from './ebxml-elements.ts';
import type { EbxmlEnvelope } from './envelope.ts';
import { missingParts } from './manifest.ts';

export interface ContractRules {
  readonly contract: Contract;
  /** Services that are passed on take any number of references; all others exactly one. */
  readonly isForwarded: boolean;
}

/** The rules of its contract that a message breaks. */
export function contractFailures(
  envelope: EbxmlEnvelope,
  { contract, isForwarded }: ContractRules,
): readonly Failure[] {
  return [
    ...presence(
      contract.duplicateElimination,
      count(envelope, 'DuplicateElimination'),
      'DUPLICATE_ELIMINATION_INCONSISTENT_WITH_CONTRACT',
      'eb:DuplicateElimination',
    ),
    ...ackFailures(envelope, contract),
    ...syncFailures(envelope, contract),
    ...manifestFailures(envelope, isForwarded),
  ];
}

/** The failure of a message whose manifest names parts that did not come. */
export function partFailures(
  { references }: EbxmlEnvelope,
  contentIds: readonly string[],
): readonly Failure[] {
  const missing = missingParts(references, contentIds);
  return missing.length > 0 ? [badReference] : [];
}

const badReference = failure('INVALID_MANIFEST_REFERENCE', 'eb:Manifest/eb:Reference');

function presence(wanted: Presence, found: number, name: string, where: string): Failure[] {
  const right = wanted === 'any' ? found <= 1 : wanted === 'required' ? found === 1 : found === 0;
  return right ? [] : [failure(name, where)];
}

function ackFailures(envelope: EbxmlEnvelope, contract: Contract): Failure[] {
  const where = 'eb:AckRequested';
  const name = 'ACK_REQUESTED_INCONSISTENT_WITH_CONTRACT';
  const found = presence(contract.ackRequested, count(envelope, 'AckRequested'), name, where);
  const { ackRequested: ack } = envelope;
  if (!ack || found.length > 0) return found;
  const { ackActor } = contract;
  const actor = actorOfUrn(ack.actor);
  if (ack.version !== '2.0') found.push(failure('ACK_REQUESTED_VERSION_INVALID', where));
  if (ack.signed !== 'false') found.push(failure('ACK_REQUESTED_SIGNED_INVALID', where));
  if (actor === undefined || (ackActor !== undefined && actor !== ackActor))
    found.push(failure('ACK_REQUESTED_ACTOR_INVALID', where));
  return found;
}

function syncFailures(envelope: EbxmlEnvelope, contract: Contract): Failure[] {
  const where = 'eb:SyncReply';
  const name = 'SYNCREPLY_INCONSISTENT_WITH_CONTRACT';
  const found = presence(contract.syncReply, count(envelope, 'SyncReply'), name, where);
  const { syncReply: sync } = envelope;
  if (!sync || found.length > 0) return found;
  if (sync.version !== '2.0') found.push(failure('SYNCREPLY_VERSION_INVALID', where));
  if (sync.actor !== syncReplyActor) found.push(failure('SYNCREPLY_ACTOR_INVALID', where));
  return found;
}

/** Services that are not passed on want one reference; where there is a manifest, its references must lead somewhere. */
function manifestFailures(envelope: EbxmlEnvelope, isForwarded: boolean): Failure[] {
  const { references, manifestVersion } = envelope;
  if (manifestVersion === undefined) return isForwarded ? [] : [badReference];
  const right =
    manifestVersion === '2.0' &&
    references.every(({ scheme, target }) => scheme !== '' && target !== '') &&
    (isForwarded || (references.length === 1 && references[0]?.scheme === 'cid'));
  return right ? [] : [badReference];
}

/** `DuplicateElimination` stands in the message header, the others beside it. */
function count({ header }: EbxmlEnvelope, name: string): number {
  const [inside] = ebChildren(header, 'MessageHeader');
  return ebChildren(name === 'DuplicateElimination' ? inside : header, name).length;
}
