/**
 * Client certificates at token endpoints (RFC 8705): as the proof of a client, beside another proof, and as what its tokens
 * are bound to. Owns what a registration asks for and each refusal; whether a certificate is trusted at all was judged by
 * the listener.
 */
import type { ClientCertificate, Exchange } from '../../core/exchange.ts';
import type { Client } from '../catalogue/catalogue.ts';
import type { Form } from './form.ts';
import { oauthError } from './oauth-error.ts';

/** Tells whose a certificate is: the id of the App whose Deployment it was issued for. */
export type OwnerOfCertificate = (certificate: ClientCertificate) => string | undefined;

/** Whether a client proves itself with its certificate alone. */
export function provesByCertificate(client: Client | undefined): client is Client {
  return client?.registration.tlsClientAuth === 'alone';
}

/** Whether a client has to show its certificate. */
function needsCertificate({ registration }: Client): boolean {
  return (
    registration.tlsClientAuth !== undefined ||
    registration.tlsClientCertificateBoundAccessTokens === true
  );
}

/**
 * The thumbprint that tokens of this call are to be bound to, after the certificate was judged; undefined where it is not
 * asked for, or tokens are not bound.
 * @throws Problem 400 `invalid_request` without client_id, 401 `invalid_client` without the client's own certificate
 */
export function boundTo(
  { peer: { certificate } }: Exchange,
  form: Form,
  client: Client,
  ownerOf: OwnerOfCertificate,
): string | undefined {
  if (!needsCertificate(client)) return undefined;
  if (!form.has('client_id'))
    throw oauthError(400, 'invalid_request', 'client_id is missing', {
      rule: 'client_id beside a certificate',
    });
  if (!certificate || certificate.fault !== undefined)
    throw unproven(
      'this client has to show its certificate: use the token endpoint for mutual TLS',
      'certificate there',
    );
  if (ownerOf(certificate) !== client.app.id)
    throw unproven('the certificate is not one of this client', 'certificate of this client');
  const { tlsClientAuthSanDns: name } = client.registration;
  if (name !== undefined && !certificate.dnsNames.includes(name))
    throw unproven(
      'the certificate does not bear the registered name',
      'tls_client_auth_san_dns',
      name,
    );
  return client.registration.tlsClientCertificateBoundAccessTokens === true
    ? certificate.thumbprint
    : undefined;
}

/** Whether a token may be used on a connection. @param bound the thumbprint it is bound to, if it is */
export function mayBeUsed(bound: string | undefined, { peer: { certificate } }: Exchange): boolean {
  if (bound === undefined) return true;
  return certificate?.fault === undefined && certificate?.thumbprint === bound;
}

function unproven(description: string, rule: string, expected?: string) {
  const reason = { rule, ...(expected === undefined ? {} : { expected }) };
  return oauthError(401, 'invalid_client', description, reason);
}
