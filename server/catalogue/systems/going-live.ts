/** What a Deployment needs before it goes live, and which of that is missing. Asks; changes nothing. */
import { Problem } from '../../../core/problem.ts';
import type { Ground } from '../records.ts';
import type { App } from '../apps.ts';
import { wired } from '../deployment-hooks.ts';
import { withoutEndpoint, type Deployment } from './deployments.ts';
import type { KnownCertificate, SystemHooks } from './system-hooks.ts';

/** Each missing thing with the command that brings it; empty: nothing is missing. */
export async function missingForLive(
  { clock, hooks }: Ground & { readonly hooks: SystemHooks },
  app: App,
  deployment: Deployment,
): Promise<readonly string[]> {
  const { id, environment, odsCode } = deployment;
  const missing: string[] = [];
  if (app.registrations[environment]?.state !== 'approved')
    missing.push(
      `the app's registration in ${environment}, which must be approved (gatehouse app approve ${app.id} ${environment})`,
    );
  const organisation = await wired(hooks.directory, 'The directory').organisation(
    environment,
    odsCode,
  );
  if (!organisation?.active) missing.push(`an organisation ${odsCode} that is active`);
  const held = await wired(hooks.certificates, 'The certificate authority').list(id);
  const good = held.filter((one) => isGood(one, clock.now()));
  const anew = `(gatehouse cert request ${id}, then gatehouse cert issue ${id})`;
  if (good.length === 0) missing.push(`a certificate that is good now ${anew}`);
  else if ((deployment.receives?.length ?? 0) > 0 && good.every(isForCallsOnly))
    missing.push(`a certificate that its endpoints can show, issued since it receives ${anew}`);
  for (const interaction of withoutEndpoint(deployment))
    missing.push(
      `an endpoint for ${interaction} (gatehouse deployment endpoint ${id} ${interaction} <url>)`,
    );
  return missing;
}

/** Whether a certificate would be taken now. */
function isGood({ state, notBefore, notAfter }: KnownCertificate, now: number): boolean {
  return state === 'active' && notBefore <= now && now < notAfter;
}

/** Issued before the deployment received anything: whoever sends to it would refuse it. */
function isForCallsOnly({ profile }: KnownCertificate): boolean {
  return profile === 'client';
}

/** The refusal that names all of it. */
export function notYet(missing: readonly string[]): Problem {
  return new Problem('conflict', `It cannot go live yet. Missing: ${missing.join('; ')}`, {
    code: 'STEPS_MISSING',
  });
}
