/** What a PEM text is, for whoever cannot connect: a certificate by certs/explain.ts, a request by the checks it would meet. */
import { explainCertificate, type ExplainGround } from '../certs/explain.ts';
import { valuesOf } from '../certs/names.ts';
import { readRequest, RequestUnreadable } from '../certs/request-bytes.ts';
import { CertificateRefused, checkRequest } from '../certs/requests.ts';
import type { CertificateHooks } from './catalogue/systems/system-hooks.ts';

export function explainer(ground: ExplainGround): CertificateHooks['explain'] {
  return (pem, environment = 'uat') =>
    pem.includes('CERTIFICATE REQUEST')
      ? explainRequest(pem)
      : explainCertificate(pem, environment, ground);
}

/** Its own name is taken for the expected one, and whether its key is burnt is found out only when it is handed in. */
async function explainRequest(pem: string): Promise<object> {
  const expected = 'a request that may be granted';
  try {
    const [fqdn = ''] = valuesOf(readRequest(pem).subject, 'CN');
    const keyFault = () => Promise.resolve(undefined);
    const { keyText, notes } = await checkRequest(pem, { fqdn, keyFault });
    const found = [`CN=${fqdn}, key ${keyText}`, ...notes].join('; ');
    return { kind: 'request', checks: [{ check: 'request', ok: true, expected, found }] };
  } catch (error) {
    if (error instanceof RequestUnreadable)
      return { checks: [{ check: 'request', ok: false, expected, found: error.message }] };
    if (!(error instanceof CertificateRefused)) throw error;
    const checks = error.faults.map(({ at, message }) => ({
      ...{ check: at, ok: false, expected, found: message },
    }));
    return { kind: 'request', checks };
  }
}
