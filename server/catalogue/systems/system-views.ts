/** What the management API shows of Deployments and certificates, built member by member, with the next step of each. */
import { publicName } from '../environments.ts';
import type { CertificateRequest } from './certificate-requests.ts';
import { withoutEndpoint, type Deployment, type Step } from './deployments.ts';
import type { IssuedCertificate, KnownCertificate, SystemHooks } from './system-hooks.ts';

export function shownDeployment(one: Deployment): object {
  const { id, app, odsCode, environment, state, interactions, receives = [], endpoints = [] } = one;
  const { product, manufacturer, asid, partyKey, fqdn, suspended, ended } = one;
  return {
    ...{ id, app, odsCode, environment, state },
    ...{ asid, partyKey, fqdn, product, manufacturer, interactions, receives },
    endpoints: endpoints.map(({ interaction, url, contract, id: cpaId, leaving }) => ({
      ...{ interaction, url, contract, cpaId },
      ...(leaving ? { leaving } : {}),
    })),
    requested: shownStep(one.requested),
    approved: shownStep(one.approved),
    live: shownStep(one.live),
    ...(one.waiting ? { waiting: { ...one.waiting, at: iso(one.waiting.at) } } : {}),
    ...(suspended ? { suspended: { ...shownStep(suspended), reason: suspended.reason } } : {}),
    ...(ended ? { ended: { ...shownStep(ended), reason: ended.reason } } : {}),
    next: nextOf(one),
    ...(asid === undefined ? {} : { search: searchOf(one) }),
  };
}

/** The filter that finds it in the directory: by it others see what they will be routed to. */
function searchOf({ odsCode, asid = '', environment, state }: Deployment): object {
  const filter = `(&(nhsIDCode=${odsCode})(objectClass=nhsAs)(uniqueIdentifier=${asid}))`;
  const listed = state === 'approved' || state === 'live';
  return { base: 'ou=Services,o=nhs', filter, environment: publicName(environment), listed };
}

/** The command that leads on. */
function nextOf(one: Deployment): string {
  const { id, state, environment } = one;
  if (state === 'requested')
    return `gatehouse deployment approve ${id}${environment === 'production' ? ' (by a second person)' : ''}`;
  if (state === 'suspended') return `gatehouse deployment resume ${id}`;
  if (state === 'ended') return 'gatehouse deployment request';
  if (one.waiting) return `gatehouse deployment approve ${id} (by a second person)`;
  const [bare] = withoutEndpoint(one);
  if (bare !== undefined) return `gatehouse deployment endpoint ${id} ${bare} <url>`;
  return state === 'approved'
    ? `gatehouse cert request ${id}, gatehouse cert issue ${id}, gatehouse deployment live ${id}`
    : `gatehouse cert list ${id}`;
}

function shownStep(step: Step | undefined): object | undefined {
  return step && { by: step.by, at: iso(step.at) };
}

export function shownCertificate(one: KnownCertificate): object {
  const { thumbprint, serial, subject, issuer, dnsNames, state, revoked } = one;
  const { fqdn, partyKey, environment, deployment, profile, requestedBy, approvedBy } = one;
  return {
    ...{ thumbprint, state, fqdn, partyKey, environment, deployment, profile },
    ...{ serial, subject, issuer, dnsNames },
    ...{ notBefore: iso(one.notBefore), notAfter: iso(one.notAfter) },
    ...(revoked
      ? { revoked: { reason: revoked.reason, by: revoked.by, at: iso(revoked.at) } }
      : {}),
    ...{ requestedBy, approvedBy },
  };
}

/**
 * A certificate that was just issued: with its text, its chain, the authorities to trust where it is shown, and a first
 * call that works when pasted.
 */
export function shownIssued(
  { listener, listenerAuthorities }: SystemHooks,
  deployment: Deployment,
  { certificate, chain, notes }: IssuedCertificate,
): object {
  const { environment } = deployment;
  const authorities = listenerAuthorities?.(environment);
  const root = listener?.(environment);
  const test = root && testCommand(root, deployment, authorities !== undefined);
  return {
    ...shownCertificate(certificate),
    pem: certificate.pem,
    chain,
    authorities,
    notes,
    test,
  };
}

/** By the file names that `gatehouse cert` gives. @param root where it calls */
function testCommand(
  root: string,
  { fqdn = '', asid = '' }: Deployment,
  withAuthorities: boolean,
): string {
  return [
    `curl --cert ${fqdn}.crt --key ${fqdn}.key`,
    ...(withAuthorities ? [`--cacert ${fqdn}.ca`] : []),
    `-H 'NHSD-ASID: ${asid}' -H 'X-Request-ID: 60e0b220-8136-4ca5-ae46-1d97ef59d068'`,
    `${root}/personal-demographics/FHIR/R4/Patient/9000000009`,
  ].join(' ');
}

export function shownRequest(one: CertificateRequest): object {
  const { id, deployment, profile, renews, requestedBy, state, decidedBy, reason } = one;
  return {
    ...{ id, deployment, profile, renews, state, requestedBy },
    requested: iso(one.requested),
    decidedBy,
    ...(one.decided === undefined ? {} : { decided: iso(one.decided) }),
    ...{ reason, thumbprint: one.thumbprint },
  };
}

export function iso(time: number): string {
  return new Date(time).toISOString();
}
