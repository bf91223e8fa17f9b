/** Why a certificate is not trusted, in a sentence for whoever sent it. Owns the words and nothing else. */

/** @param fault OpenSSL's word, or one of tls-certificate.ts */
export function sentenceOf(fault: string): string {
  return Object.hasOwn(sentences, fault) ? `${sentences[fault] ?? ''} (${fault})` : fault;
}

const untrusted = 'it was not issued by an authority that is trusted here';
const incomplete =
  'no trusted authority has issued it, or the certificates between it and that authority were not sent';
const unlisted = 'no current revocation list of its authority is there, so nobody can say';

const sentences: Readonly<Record<string, string>> = {
  NO_CERTIFICATE: 'none was sent',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  CERT_REVOKED: 'it has been revoked',
  CERT_UNTRUSTED: untrusted,
  CERT_REJECTED: untrusted,
  CERT_SIGNATURE_FAILURE: 'its signature is not that of its authority',
  CERT_CHAIN_TOO_LONG: 'its chain is too long',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: incomplete,
  INVALID_CA: 'the certificate it was signed with is none of an authority',
  INVALID_PURPOSE: 'it is not meant for a client: the usage clientAuth is missing',
  PATH_LENGTH_EXCEEDED: 'its authority may not have authorities below it',
  UNABLE_TO_GET_CRL:
    'there is no revocation list of its authority here; perhaps that authority is not trusted',
  CRL_HAS_EXPIRED: unlisted,
  CRL_NOT_YET_VALID: unlisted,
  CRL_SIGNATURE_FAILURE: unlisted,
  UNABLE_TO_DECRYPT_CRL_SIGNATURE: unlisted,
  CA_CERTIFICATE: 'it is the certificate of an authority',
  KEY_NOT_ALLOWED: 'its key must be RSA of 2048 to 4096 bits, P-256 or P-384',
  NO_CLIENT_AUTH: 'it does not name the usage clientAuth',
  NO_DIGITAL_SIGNATURE: 'its key usage does not name digitalSignature',
  WEAK_SIGNATURE: 'it is signed with an algorithm that is not taken: SHA-256 or better is',
  CHAIN_NOT_ALLOWED: 'its chain breaks a rule of path validation (RFC 5280 6)',
  UNHANDLED_CRITICAL_EXTENSION: 'it has a critical extension that is not understood here',
  UNREADABLE: 'it is no well-formed certificate',
  PERMITTED_SUBTREE_VIOLATION: 'its authority may not name such names',
  EXCLUDED_SUBTREE_VIOLATION: 'its authority may not name such names',
  NO_COMMON_NAME: 'its subject has no CN',
  TWO_COMMON_NAMES: 'its subject has more than one CN',
  NAME_NOT_ALLOWED: 'its CN must be a host name, without wildcard or scheme',
  NO_DNS_NAME: 'it has no DNS name as subjectAltName',
  NAMES_DIFFER: 'its CN is not among its DNS names',
  NO_RECORD: 'it is not registered here',
  SUPERSEDED: 'another has taken its place',
};
