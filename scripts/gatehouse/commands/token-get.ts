/**
 * `gatehouse token get`: an access token from a running server, the way an app gets one. Owns the requests and what is
 * printed where: the token alone on standard output, everything else on standard error.
 */
import { randomUUID } from 'node:crypto';
import { Problem } from '../../../core/problem.ts';
import {
  environments,
  publicName,
  toEnvironment,
  type Environment,
} from '../../../server/catalogue/environments.ts';
import {
  callServer,
  jsonOf,
  originOf,
  plain,
  refusalOf,
  type Endpoint,
  type Json,
} from '../calling.ts';
import { assertionOf, textIn } from '../client.ts';
import { findApp, type AppFlags, type TokenApp } from './token-app.ts';
import { signInForCode, type SignInFlags } from './token-sign-in.ts';

export interface GetFlags extends AppFlags, SignInFlags {
  readonly environment: string;
  readonly face: string;
  readonly json?: boolean;
}

/** @throws Problem with a sentence for the terminal. */
export async function getToken(flags: GetFlags): Promise<void> {
  const environment = environmentOf(flags.environment);
  const app = await findApp(flags, environment);
  const endpoint = await endpointOf(flags, environment);
  const form =
    flags.user === undefined
      ? assertionForm(app, endpoint)
      : await codeForm(app, endpoint, { ...flags, user: flags.user });
  const answer = await post(endpoint, form);
  const who = flags.user === undefined ? '' : ` for ${plain(flags.user)}`;
  console.error(
    `An access token of ${plain(app.clientId)}${who}, environment ${environment}, good for ${textIn(answer, 'expires_in')} s`,
  );
  console.log(flags.json ? JSON.stringify(answer, null, 2) : textIn(answer, 'access_token'));
}

function environmentOf(name: string): Environment {
  const environment = toEnvironment(name);
  if (environment) return environment;
  throw new Problem('invalid', `--environment must be one of ${environments.join(', ')}, or int`);
}

/** The server's discovery document tells how it calls itself: assertions must name that. */
async function endpointOf(flags: GetFlags, environment: Environment): Promise<Endpoint> {
  const origin = originOf(flags.url);
  const face = `${origin}/env/${publicName(environment)}${flags.face}`;
  const response = await callServer(`${face}/.well-known/openid-configuration`);
  if (response.status === 404)
    throw new Problem('not-found', `${flags.face} is not served in environment ${environment}`);
  const publicFace = textIn(await jsonOf(response), 'issuer');
  if (publicFace === '')
    throw new Problem('upstream', `${origin} does not answer as Gatehouse does`);
  return { origin, face, publicFace };
}

function assertionForm(app: TokenApp, { publicFace }: Endpoint): Form {
  const { clientId } = app;
  const { pem: privateKey, kid } = app.key();
  const tokenUrl = `${publicFace}/token`;
  const credential = { clientId, kid, privateKey, tokenUrl, managementUrl: '' };
  return {
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertionOf(credential, Math.floor(Date.now() / 1000), randomUUID()),
  };
}

async function codeForm(
  app: TokenApp,
  endpoint: Endpoint,
  flags: GetFlags & { readonly user: string },
): Promise<Form> {
  const { clientId, redirectUri } = app;
  if (redirectUri === '')
    throw new Problem('invalid', 'Name a registered address of the app by --redirect-uri');
  const client_secret = app.secret();
  const code = await signInForCode(app, endpoint, flags);
  return {
    grant_type: 'authorization_code',
    ...{ code, redirect_uri: redirectUri, client_id: clientId, client_secret },
  };
}

type Form = Record<string, string>;

async function post({ origin, face }: Endpoint, form: Form): Promise<Json> {
  const response = await callServer(`${face}/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  const body = await jsonOf(response);
  if (response.status !== 200) throw await refusalOf(origin, response.status, body);
  return body;
}
