/**
 * The SMART face of the authorisation server as a table: `/smart` beside the FHIR base `/fhir/R4`. Errors to people are
 * pages, errors to programs are those of RFC 6749; each has an id by which its developer can look it up.
 */
import {
  assemble,
  type Exchange,
  type Handler,
  type Policy,
  type Reply,
} from '../../core/exchange.ts';
import { routes } from '../../core/routes.ts';
import { oauthError, oauthErrors, type EdgeOptions } from './oauth-error.ts';
import { smartAuthorize, smartChosen } from './smart-authorize.ts';
import { smartCallback } from './smart-callback.ts';
import { registeredOrigins, smartFaceCors } from './smart-cors.ts';
import { documentReply, serverMetadata, type DiscoveryFacts } from './smart-discovery.ts';
import { smartIntrospect, smartRevoke } from './smart-introspection.ts';
import { createSmartJudge } from './smart-judge.ts';
import { smartLaunch, smartLaunchPage } from './smart-launch.ts';
import { pageErrors } from './smart-pages.ts';
import type { SmartParts } from './smart-parts.ts';
import { smartConsent, smartPatient } from './smart-proceed.ts';
import { smartToken } from './smart-token.ts';
import { smartUserinfo } from './smart-userinfo.ts';

export interface SmartFaceOptions {
  readonly parts: SmartParts;
  readonly edge: EdgeOptions;
  /** Writes the audit; stands behind the error edges. */
  readonly audited: Policy;
}

type Step = (parts: SmartParts, exchange: Exchange) => Promise<Reply>;

/** The face without its base: `/authorize`, `/token` … */
export function smartFace({ parts, edge, audited }: SmartFaceOptions): Handler {
  const toPeople = assemblerOf(parts, [pageErrors(edge), audited]);
  const toPrograms = assemblerOf(parts, [oauthErrors(edge), audited]);
  const judge = createSmartJudge(parts, parts.environment);
  const userinfo = toPrograms((p, x) => smartUserinfo(p, judge, x));
  const nothing = toPrograms(notFound);
  const table = routes(
    {
      'GET /authorize': toPeople(smartAuthorize),
      'POST /authorize': toPeople(smartAuthorize),
      'GET /sign-in': toPeople(smartChosen),
      'GET /callback': toPeople(smartCallback),
      'POST /patient': toPeople(smartPatient),
      'POST /consent': toPeople(smartConsent),
      'GET /launch': toPeople(smartLaunchPage),
      'POST /launch': toPeople(smartLaunch),
      'POST /token': toPrograms(smartToken),
      'POST /introspect': toPrograms((p, x) => smartIntrospect(p, judge, x)),
      'POST /revoke': toPrograms(smartRevoke),
      'GET /userinfo': userinfo,
      'POST /userinfo': userinfo,
      // Open to anyone; they touch nothing that is audited.
      'GET /jwks': async (x) => documentReply(x, { keys: await parts.signingKeys.published() }),
      'GET /.well-known/openid-configuration': (x) =>
        Promise.resolve(
          documentReply(
            x,
            serverMetadata(discoveryFacts(parts, parts.base(x), parts.tlsBase(x.addressed))),
          ),
        ),
    },
    {
      notFound: nothing,
      notAllowed: (x, allowed) => toPrograms(() => Promise.reject(wrongMethod(allowed)))(x),
    },
  );
  return assemble([smartFaceCors({ ...paths, isRegistered: isRegistered(parts) })], table);
}

/** What the discovery documents are made from. */
export function discoveryFacts(
  { catalogue, providers }: Pick<SmartParts, 'catalogue' | 'providers'>,
  base: string,
  tlsBase?: string,
): DiscoveryFacts {
  return { base, tlsBase, catalogue, kinds: [...new Set(providers().map(({ kind }) => kind))] };
}

const paths = {
  anyone: new Set(['/jwks', '/.well-known/openid-configuration']),
  registered: new Set(['/token', '/revoke', '/userinfo']),
};

function isRegistered({ catalogue, environment }: SmartParts): (origin: string) => boolean {
  return registeredOrigins(catalogue, environment);
}

function assemblerOf(parts: SmartParts, policies: readonly Policy[]): (step: Step) => Handler {
  return (step) => assemble(policies, (exchange) => step(parts, exchange));
}

function notFound(): Promise<Reply> {
  return Promise.reject(oauthError(404, 'invalid_request', 'Not Found', { rule: 'path' }));
}

function wrongMethod(allowed: readonly string[]) {
  const verbs = [...new Set(allowed)].join(', ');
  return oauthError(
    405,
    'invalid_request',
    `the method must be ${verbs}`,
    { rule: 'method', expected: verbs },
    { allow: verbs },
  );
}
