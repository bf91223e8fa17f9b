/** Why a call to an address that a user gave was refused or failed. Owns the reasons; the rules are in outgoing*.ts. */

/**
 * `url`: no address, or one that is too long or has a part it must not have. `scheme`, `user-info`, `port`: that part of
 * it. `dns`: the name has no answer. `address`: it leads out of the public internet. `refused`, `connection`, `tls`,
 * `protocol`: no HTTP could be spoken. `timeout`: not done in time. `redirect`, `status`, `encoding`, `type`,
 * `too-large`: the answer. `throttled`: too many calls for one client.
 */
export type OutgoingReason =
  | 'url'
  | 'scheme'
  | 'user-info'
  | 'port'
  | 'dns'
  | 'address'
  | 'refused'
  | 'connection'
  | 'tls'
  | 'protocol'
  | 'timeout'
  | 'redirect'
  | 'status'
  | 'encoding'
  | 'type'
  | 'too-large'
  | 'throttled';

/**
 * `message` is a sentence for whoever gave the address: the rule, what was expected and what was found. It never holds
 * an address that a name resolved to, nor anything of a body or header of the answer but its status and media type.
 */
export class OutgoingFault extends Error {
  readonly reason: OutgoingReason;
  /** The code of the error on the wire, where there was one. */
  readonly code: string;

  constructor(reason: OutgoingReason, message: string, code = '') {
    super(message);
    this.name = 'OutgoingFault';
    this.reason = reason;
    this.code = code;
  }
}
