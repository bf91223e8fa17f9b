/** Refusals as the errors of OAuth (RFC 6749 5.2), with the gateway's `message_id`. */
import type { ProblemKind } from '../../../core/problem.ts';
import type { FaultForm } from './form.ts';

export const oauthFault: FaultForm = ({ kind, status, code, message }, _exchange, messageId) => ({
  status,
  type: 'application/json',
  body: JSON.stringify({
    error: code !== undefined && errorCode.test(code) ? code : (errors[kind] ?? 'invalid_request'),
    error_description: described(message),
    message_id: messageId,
  }),
});

/** Codes of this protocol are in lower case: a Problem with one brings it on purpose. */
const errorCode = /^[a-z_]{1,60}$/;

const errors: Readonly<Partial<Record<ProblemKind, string>>> = {
  unauthenticated: 'invalid_client',
  forbidden: 'access_denied',
  throttled: 'temporarily_unavailable',
  internal: 'server_error',
  upstream: 'server_error',
  unavailable: 'temporarily_unavailable',
  timeout: 'temporarily_unavailable',
};

/** The characters that a description may have (RFC 6749 5.2). */
function described(message: string): string {
  return message
    .replaceAll('"', "'")
    .replaceAll('\\', '/')
    .replace(/[^\x20-\x7e]/g, '?');
}
