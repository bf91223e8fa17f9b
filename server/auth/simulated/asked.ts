/**
 * Reading an authorization request (OpenID Connect Core 3.1.2.1): what it asks for, or how it is refused.
 * Only a known application at its own address is answered by a redirect; anything else sees a page.
 */
import { Problem } from '../../../core/problem.ts';
import type { Form } from '../form.ts';
import { knownAcrs } from './assurance.ts';
import { scopesOf } from './kinds.ts';
import type { SimulatedClient, SimulatedOptions } from './options.ts';
import type { Asked } from './state.ts';
import { parseVtr, type Vector } from './vectors.ts';

/** A request that may be answered at its redirect URI. */
export interface Request {
  readonly client: SimulatedClient;
  readonly asked: Asked;
  readonly prompt: 'none' | 'login' | undefined;
  /** Seconds (`max_age`). */
  readonly maxAge: number | undefined;
  readonly loginHint: string | undefined;
  /** Why it is refused nevertheless. */
  readonly fault?: AskedFault | undefined;
}

/** An error to be told to the application. */
export interface AskedFault {
  readonly error: string;
  readonly description: string;
}

/** Reads a request. @throws Problem `invalid`, for a page, when there is nowhere to send the person back to. */
export function readRequest(form: Form, options: SimulatedOptions): Request {
  const client = clientOf(form, options);
  const redirectUri = redirectUriOf(form, client);
  const scopes = scopesIn(form, client, options);
  const vtr = options.kind === 'nhs-login' ? vtrIn(form) : [];
  const prompt = promptIn(form);
  const fault = faultOf(form, scopes, vtr, options);
  return {
    client,
    asked: {
      clientId: client.clientId,
      redirectUri,
      state: form.get('state'),
      nonce: form.get('nonce'),
      scopes,
      acrs: options.kind === 'nhs-cis2' ? acrsIn(form) : [],
      vtr: vtr ?? [],
      challenge: form.get('code_challenge'),
    },
    prompt: prompt === '' ? undefined : prompt,
    maxAge: form.has('max_age') ? Number(form.get('max_age')) : undefined,
    loginHint: form.get('login_hint'),
    fault,
  };
}

function clientOf(form: Form, { clients }: SimulatedOptions): SimulatedClient {
  const clientId = form.get('client_id');
  if (clientId === undefined) throw new Problem('invalid', 'client_id is missing');
  const client = clients(clientId);
  if (!client) throw new Problem('invalid', 'client_id is not that of a known application');
  return client;
}

function redirectUriOf(form: Form, client: SimulatedClient): string {
  const uri = form.get('redirect_uri');
  if (uri === undefined) throw new Problem('invalid', 'redirect_uri is missing');
  if (!client.redirectUris.includes(uri))
    throw new Problem('invalid', 'redirect_uri is not one that the application has registered');
  return uri;
}

function faultOf(
  form: Form,
  scopes: readonly string[],
  vtr: readonly Vector[] | undefined,
  { kind }: SimulatedOptions,
): AskedFault | undefined {
  const type = form.get('response_type');
  if (type === undefined) return invalid('response_type is missing');
  if (type !== 'code')
    return { error: 'unsupported_response_type', description: 'response_type must be code' };
  if ((form.get('response_mode') ?? 'query') !== 'query')
    return invalid('response_mode must be query');
  if (form.has('request'))
    return { error: 'request_not_supported', description: 'request is not supported' };
  if (form.has('request_uri'))
    return { error: 'request_uri_not_supported', description: 'request_uri is not supported' };
  if (!scopes.includes('openid'))
    return { error: 'invalid_scope', description: 'scope must hold openid' };
  if (scopes.includes('profile') && scopes.includes('basic_demographics'))
    return {
      error: 'invalid_scope',
      description: 'profile and basic_demographics exclude each other',
    };
  if (promptIn(form) === '') return invalid('prompt must be none or login');
  if (!/^\d{1,9}$/.test(form.get('max_age') ?? '0')) return invalid('max_age must be seconds');
  if (kind === 'nhs-login' && vtr === undefined)
    return invalid('vtr must be a JSON array of known vectors');
  if (kind === 'nhs-cis2' && form.has('acr_values') && acrsIn(form).length === 0)
    return invalid('acr_values names no known level');
  return challengeFault(form);
}

/** PKCE is optional here, but only S256 counts (RFC 7636, RFC 9700 2.1.1). */
function challengeFault(form: Form): AskedFault | undefined {
  const challenge = form.get('code_challenge');
  const method = form.get('code_challenge_method');
  if (challenge === undefined)
    return method === undefined ? undefined : invalid('code_challenge is missing');
  if (method !== 'S256') return invalid('code_challenge_method must be S256');
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge))
    return invalid('code_challenge must be 43 characters of base64url');
  return undefined;
}

/** The prompt; empty for one that is not known, undefined for none. `consent` and `select_account` change nothing here. */
function promptIn(form: Form): 'none' | 'login' | '' | undefined {
  const words = (form.get('prompt') ?? '').split(' ').filter((word) => word !== '');
  if (words.length === 0) return undefined;
  if (words.includes('none')) return words.length === 1 ? 'none' : '';
  return words.every((word) => ['login', 'consent', 'select_account'].includes(word))
    ? 'login'
    : '';
}

function scopesIn(form: Form, client: SimulatedClient, { kind }: SimulatedOptions): string[] {
  const asked = (form.get('scope') ?? '').split(' ');
  const all = [...asked, ...(client.defaultScopes ?? [])];
  return scopesOf(kind).filter((scope) => all.includes(scope));
}

function acrsIn(form: Form): readonly string[] {
  return (form.get('acr_values') ?? '').split(' ').filter((acr) => knownAcrs.includes(acr));
}

function vtrIn(form: Form): readonly Vector[] | undefined {
  const text = form.get('vtr');
  return text === undefined ? [] : parseVtr(text);
}

function invalid(description: string): AskedFault {
  return { error: 'invalid_request', description };
}
