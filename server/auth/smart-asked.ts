/**
 * Reading an authorization request of the SMART face once client and redirect URI are known to be right: parameters in
 * their order, scopes, the launch. Owns what is refused to the app; where people go next is smart-authorize.ts.
 */
import { Problem } from '../../core/problem.ts';
import { parseScopeList } from '../../core/smart-scopes.ts';
import type { Client } from '../catalogue/catalogue.ts';
import type { Form } from './form.ts';
import { registeredScopes, scopesWithPerson } from './smart-doors.ts';
import type { EhrLaunch, SmartAsked, SmartParts } from './smart-parts.ts';

/** What goes back to the app instead (RFC 6749 4.1.2.1). */
export interface Refused {
  readonly error: string;
  readonly description: string;
}

const longestState = 4096;

/** Whether a state can be given back. */
export function isState(state: string | undefined): state is string {
  return state !== undefined && state.length <= longestState;
}

const invalid = (description: string): Refused => ({ error: 'invalid_request', description });

/** What the app asks for, or why it is refused. A launch value is spent here, when all else is right. */
export async function readAsked(
  parts: SmartParts,
  form: Form,
  client: Client,
  redirectUri: string,
): Promise<SmartAsked | Refused> {
  const fault = parameterFault(parts, form);
  if (fault) return fault;
  const value = form.get('launch');
  const scopes = scopesAsked(parts, client, form.get('scope') ?? '', value !== undefined);
  if ('error' in scopes) return scopes;
  const launched = value === undefined ? undefined : await takeLaunch(parts, client, value);
  if (launched && 'error' in launched) return launched;
  const openid = scopes.granted.includes('openid');
  const nonce = openid ? form.get('nonce') : undefined;
  return {
    environment: parts.environment,
    clientId: client.registration.clientId,
    redirectUri,
    state: form.get('state') ?? '',
    scopes: scopes.granted,
    challenge: form.get('code_challenge') ?? '',
    ...(nonce === undefined ? {} : { nonce }),
    ...(launched ? { launched } : {}),
    ...signInWishes(form),
  };
}

function parameterFault(parts: SmartParts, form: Form): Refused | undefined {
  const state = form.get('state');
  if (state === undefined) return invalid('state is missing');
  if (!isState(state)) return invalid('state is too long');
  const type = form.get('response_type');
  if (type === undefined) return invalid('response_type is missing');
  if (type !== 'code')
    return { error: 'unsupported_response_type', description: 'response_type must be code' };
  if ((form.get('response_mode') ?? 'query') !== 'query')
    return invalid('response_mode must be query');
  if (form.has('request') || form.has('request_uri'))
    return invalid('request objects are not supported');
  return challengeFault(form) ?? audienceFault(parts, form) ?? wishFault(form);
}

/** RFC 7636, and without its `plain`: a missing method would mean that. */
function challengeFault(form: Form): Refused | undefined {
  const challenge = form.get('code_challenge');
  if (challenge === undefined) return invalid('code_challenge is missing');
  if (form.get('code_challenge_method') !== 'S256')
    return invalid('code_challenge_method must be S256');
  return /^[A-Za-z0-9_-]{43}$/.test(challenge)
    ? undefined
    : invalid('code_challenge must be 43 characters of base64url');
}

/** Otherwise a foreign server could have its tokens fetched here. `resource` is RFC 8707's word for it. */
function audienceFault({ fhirBases }: SmartParts, form: Form): Refused | undefined {
  const given = [form.get('aud'), form.get('resource')].filter((one) => one !== undefined);
  const bases = fhirBases();
  if (given.length === 0) return invalid('aud is missing: it must be the FHIR base to be called');
  return given.every((one) => bases.includes(one.replace(/\/$/, '')))
    ? undefined
    : invalid('aud must be a FHIR base of this server');
}

function wishFault(form: Form): Refused | undefined {
  if (!/^[0-9]{1,9}$/.test(form.get('max_age') ?? '0')) return invalid('max_age must be seconds');
  const prompt = form.get('prompt') ?? '';
  if (!['', 'none', 'login', 'consent', 'login consent', 'select_account'].includes(prompt))
    return invalid('prompt is not known');
  return (form.get('nonce') ?? '').length > 500 ? invalid('nonce is too long') : undefined;
}

/** What of the request is for the sign-in; consent is asked for each time anyway. */
function signInWishes(form: Form): Pick<SmartAsked, 'prompt' | 'loginHint' | 'maxAge'> {
  const prompt = form.get('prompt') ?? '';
  const word = prompt === 'none' ? 'none' : prompt.includes('login') ? 'login' : undefined;
  const loginHint = form.get('login_hint');
  const maxAge = form.get('max_age');
  return {
    ...(word === undefined ? {} : { prompt: word }),
    ...(loginHint === undefined ? {} : { loginHint: loginHint.slice(0, 200) }),
    ...(maxAge === undefined ? {} : { maxAge: Number(maxAge) }),
  };
}

function scopesAsked(
  parts: SmartParts,
  client: Client,
  text: string,
  launched: boolean,
): { readonly granted: readonly string[] } | Refused {
  if (text === '') return { error: 'invalid_scope', description: 'scope is missing' };
  let asked: readonly string[];
  try {
    asked = parseScopeList(text);
  } catch (error) {
    return { error: 'invalid_scope', description: Problem.from(error).message };
  }
  const registered = registeredScopes(parts.catalogue, client, parts.environment);
  const granted = scopesWithPerson(asked, registered, launched);
  if (launched && !granted.includes('launch'))
    return {
      error: 'invalid_scope',
      description: 'a launch value needs the scope launch, which the app must ask for and have',
    };
  if (granted.length === 0)
    return { error: 'invalid_scope', description: 'none of the scopes can be granted to this app' };
  return { granted };
}

/** The launch that a value stands for; a stranger's value is not spent. */
async function takeLaunch(
  { launches, environment }: SmartParts,
  { registration }: Client,
  value: string,
): Promise<EhrLaunch | Refused> {
  const unknown = invalid('launch is not known, was used before or is too old');
  const found = (await launches.find(value))?.value;
  if (found?.clientId !== registration.clientId || found.environment !== environment)
    return unknown;
  const taken = await launches.take(value, registration.clientId);
  return taken.state === 'taken' ? taken.value : unknown;
}
