/**
 * What the administration of Deployments asks of the certificate authority, the Spine Directory and the mutual-TLS
 * listeners, handed in as functions because the catalogue knows none of them. Each may be absent: then what needs it says
 * so. Read at each use, so that a part that is made later can be put in.
 */
import type { Environment } from '../environments.ts';
import type { ContractFlags } from './contracts.ts';

export interface SystemHooks {
  /** What the names of systems end with; the first is that of names made here. */
  domains?: (environment: Environment) => readonly string[];
  directory?: DirectoryHooks;
  certificates?: CertificateHooks;
  /** The diary of refused handshakes, newest first. */
  handshakes?: (query: HandshakeQuery) => Promise<readonly RefusedHandshake[]>;
  /** Where systems call with their certificate: `https://localhost:9443`. Undefined where nothing listens. */
  listener?: (environment: Environment) => string | undefined;
  /** The authorities to trust there, PEM; undefined where the listener shows a certificate that everybody trusts. */
  listenerAuthorities?: (environment: Environment) => string | undefined;
}

/** The directory of an environment. Puts and removals may be repeated: they leave what there should be. */
export interface DirectoryHooks {
  /** Undefined for a code that is not there. */
  organisation(
    environment: Environment,
    odsCode: string,
  ): Promise<{ readonly name: string; readonly active: boolean } | undefined>;
  /** Whether the directory of any environment has this ASID already. */
  asidTaken(asid: string): Promise<boolean>;
  partyKeyTaken(partyKey: string): Promise<boolean>;
  /** Whether both kinds of entry are there as they should be is for these to find out; they write only what differs. */
  putSystem(environment: Environment, entry: SystemEntry, by: string): Promise<void>;
  removeSystem(environment: Environment, asid: string, by: string): Promise<void>;
  putHandler(environment: Environment, entry: HandlerEntry, by: string): Promise<void>;
  removeHandler(environment: Environment, id: string, by: string): Promise<void>;
}

interface OwnedEntry {
  readonly odsCode: string;
  readonly partyKey: string;
  readonly manufacturer: string;
  readonly product: { readonly name: string; readonly version: string };
  /** Who asked and who approved, and when in milliseconds since the epoch. */
  readonly requested: { readonly by: string; readonly at: number };
  readonly approved: { readonly by: string; readonly at: number };
}

/** An accredited system (`nhsAs`). */
export interface SystemEntry extends OwnedEntry {
  readonly asid: string;
  readonly interactions: readonly string[];
}

/** An endpoint for one interaction (`nhsMhs`). */
export interface HandlerEntry extends OwnedEntry {
  /** Also its CPA id. */
  readonly id: string;
  readonly fqdn: string;
  readonly interaction: string;
  readonly url: string;
  readonly flags: ContractFlags;
}

/** The certificate authority, or the checks in front of an outside one. All thrown Problems say which check failed. */
export interface CertificateHooks {
  /** Makes every check of a request and issues nothing; gives notes. @throws Problem `unprocessable` */
  check(wish: CertificateWish): Promise<readonly string[]>;
  /**
   * A certificate for a request, or the taking in of one that an outside authority gave.
   * @throws Problem `unprocessable` with all that is wrong; `forbidden` for a request where an outside authority issues
   */
  issue(wish: CertificateWish): Promise<IssuedCertificate>;
  /** The one before stays good for the overlap. @throws Problem as `issue`, `not-found`, `conflict` */
  renew(thumbprint: string, wish: CertificateWish): Promise<IssuedCertificate>;
  /** Effective at once on every listener. @throws Problem `not-found` */
  revoke(thumbprint: string, reason: RevocationReason, by: string): Promise<KnownCertificate>;
  /** Ends a hold. @throws Problem `not-found`; `conflict` for one that is not on hold */
  lift(thumbprint: string, by: string): Promise<KnownCertificate>;
  get(thumbprint: string): Promise<KnownCertificate | undefined>;
  /** Those of a Deployment, newest first. */
  list(deployment: string): Promise<readonly KnownCertificate[]>;
  /** What a PEM text is and whether it would be taken: each check with its result. */
  explain(pem: string, environment?: Environment): Promise<object>;
}

/** What a certificate is made from: a request (PKCS#10, PEM), or it is one of an outside authority (PEM, its chain behind it). */
export type Given =
  | { readonly csr: string; readonly certificate?: undefined }
  | { readonly certificate: string; readonly csr?: undefined };

export interface CertificateWish {
  readonly environment: Environment;
  /** Id of the Deployment. */
  readonly deployment: string;
  readonly fqdn: string;
  readonly partyKey: string;
  readonly given: Given;
  /** `endpoint` also serves (serverAuth). */
  readonly profile: 'client' | 'endpoint';
  readonly requestedBy: string;
  readonly approvedBy?: string;
}

export interface IssuedCertificate {
  readonly certificate: KnownCertificate;
  /** Certificates of the issuing CA and the root, PEM. */
  readonly chain: string;
  /** What of the request was not taken over. */
  readonly notes: readonly string[];
}

/** RFC 5280 5.3.1, those that an owner may give. */
export const revocationReasons = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
] as const;

export type RevocationReason = (typeof revocationReasons)[number];

/** A certificate as its record tells. Times in milliseconds since the epoch. */
export interface KnownCertificate {
  /** SHA-256 of the DER form, base64url. */
  readonly thumbprint: string;
  readonly serial: string;
  readonly subject: string;
  readonly issuer: string;
  readonly dnsNames: readonly string[];
  readonly notBefore: number;
  readonly notAfter: number;
  readonly state: 'active' | 'superseded' | 'revoked';
  readonly revoked?: {
    readonly reason: RevocationReason;
    readonly at: number;
    readonly by: string;
  };
  readonly fqdn: string;
  readonly partyKey: string;
  readonly environment: string;
  readonly deployment: string;
  readonly profile: string;
  readonly requestedBy: string;
  readonly approvedBy?: string;
  readonly pem: string;
}

export interface HandshakeQuery {
  /** Any case; absent: whoever called. */
  readonly fqdn?: string;
  readonly limit: number;
}

/** A connection, or the first call on one, that was refused for its certificate. */
export interface RefusedHandshake {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly address: string;
  /** Which listener it came to. */
  readonly listener: string;
  readonly reason: string;
  /** Of the certificate, where it was seen. */
  readonly names?: readonly string[];
  readonly serial?: string;
  readonly thumbprint?: string;
}
