/**
 * The public addresses of the authorities: lists as DER (RFC 5280 4.2.1.13), certificates as PEM. Plain http will do,
 * since all of it is signed. Owns the table; the bytes are made elsewhere.
 */
import type { Handler, Reply } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { routes, type Routes } from '../core/routes.ts';
import type { Authority, EnvironmentAuthority } from './authority.ts';
import type { Lists, WhichList } from './lists.ts';

/** Answers below `/certs`. `not-found` where there is no such environment, or an outside authority issues. */
function certificateRoutes(authority: Authority, lists: Lists): Routes {
  const list = (which: WhichList) =>
    answering('application/pkix-crl', authority, ({ environment }) => {
      const found = lists.of(environment, which);
      if (!found) throw new Problem('unavailable', 'The list is not made yet');
      return found.der;
    });
  const pem = (text: (of: Issuing) => string) =>
    answering('application/x-pem-file', authority, text);
  const der = (which: WhichList) =>
    answering('application/pkix-cert', authority, ({ own }) => own[which].facts.der);
  return {
    'GET /:environment/root.crl': list('root'),
    'GET /:environment/issuing.crl': list('issuing'),
    'GET /:environment/root.pem': pem(({ own }) => own.root.pem),
    'GET /:environment/issuing.pem': pem(({ own }) => own.issuing.pem),
    'GET /:environment/chain.pem': pem(({ chain }) => chain),
    // For clients that take a certificate as DER.
    'GET /:environment/root.cer': der('root'),
    'GET /:environment/issuing.cer': der('issuing'),
  };
}

/** The same as one handler, for a mount at `/certs`. */
export function certificateHandler(authority: Authority, lists: Lists): Handler {
  return routes(certificateRoutes(authority, lists));
}

/** An environment in which we issue. */
type Issuing = EnvironmentAuthority & Required<Pick<EnvironmentAuthority, 'own'>>;

function answering(
  type: string,
  authority: Authority,
  body: (of: Issuing) => string | Buffer,
): Handler {
  const headers = { 'content-type': type, 'cache-control': 'max-age=3600' };
  return ({ params: { environment = '' } }) =>
    new Promise<Reply>((resolve) => {
      const found = authority.of(environment);
      const { own } = found;
      if (!own)
        throw new Problem(
          'not-found',
          'An outside authority issues the certificates of this environment',
        );
      resolve({ status: 200, headers, body: body({ ...found, own }) });
    });
}
