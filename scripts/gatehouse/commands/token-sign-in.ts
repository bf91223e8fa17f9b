/**
 * Signing a test person in by script, as a browser would: authorize, the page of the simulated provider, and back, with
 * cookies. Owns the way to the code; the code's trade is token-get.ts.
 */
import { randomBytes } from 'node:crypto';
import { Problem } from '../../../core/problem.ts';
import { callServer, jsonOf, plain, refusalOf, type Endpoint } from '../calling.ts';
import type { TokenApp } from './token-app.ts';

export interface SignInFlags {
  readonly user?: string;
  readonly provider?: string;
  readonly level?: string;
  readonly role?: string;
}

/** Redirects from the first page to the app; a way that is longer goes in a circle. */
const mostSteps = 10;

/** The code that the app is given. @throws Problem that says where and why the way ended. */
export async function signInForCode(
  app: TokenApp,
  endpoint: Endpoint,
  flags: SignInFlags & { readonly user: string },
): Promise<string> {
  const browser = new ScriptedBrowser(endpoint);
  const state = randomBytes(16).toString('base64url');
  const page = await browser.follow(authorizeUrl(app, endpoint, flags, state), app.redirectUri);
  const back = 'at' in page ? page : await answerPage(browser, app, page.response, flags);
  const { searchParams } = back.at;
  if (searchParams.get('state') !== state)
    throw new Problem('upstream', 'The sign-in came back with another state');
  const code = searchParams.get('code');
  if (code !== null) return code;
  throw new Problem(
    'forbidden',
    `The sign-in ended with ${plain(searchParams.get('error') ?? 'no code')}: ${plain(searchParams.get('error_description') ?? '')}`,
  );
}

function authorizeUrl(
  { clientId, redirectUri }: TokenApp,
  { face }: Endpoint,
  { user, provider }: SignInFlags & { readonly user: string },
  state: string,
): string {
  // Workers have 12 digits, patients the 10 of an NHS number.
  const scope = provider ?? (/^\d{10}$/.test(user) ? 'nhs-login' : 'nhs-cis2');
  const query = { client_id: clientId, redirect_uri: redirectUri, response_type: 'code' };
  return `${face}/authorize?${new URLSearchParams({ ...query, scope, state }).toString()}`;
}

async function answerPage(
  browser: ScriptedBrowser,
  { redirectUri }: TokenApp,
  page: Response,
  flags: SignInFlags & { readonly user: string },
): Promise<AtApp> {
  const action = formAction(await page.text());
  if (action === undefined)
    throw new Problem(
      'upstream',
      'The sign-in page has no form kc-form-login: only simulated providers can be answered by script',
    );
  const fields = {
    username: flags.user,
    ...(flags.level === undefined ? {} : { level: levelOf(flags.level) }),
    ...(flags.role === undefined ? {} : { role: flags.role }),
  };
  const next = await browser.follow(action, redirectUri, fields);
  if ('at' in next) return next;
  throw new Problem('invalid', `The sign-in stopped: ${saidBy(await next.response.text())}`);
}

/** A level of NHS login is a vector; of one without factors the second factor is meant. */
function levelOf(text: string): string {
  const level = text.toUpperCase();
  return /^P[059]$/.test(level) ? `${level}.Cp.Cd` : level.startsWith('AAL') ? level : text;
}

function formAction(page: string): string | undefined {
  const tag = /<form[^>]{0,300}id="kc-form-login"[^>]{0,2000}>/.exec(page)?.[0] ?? '';
  return /action="([^"]+)"/.exec(tag)?.[1]?.replaceAll('&amp;', '&');
}

/** The page's own words: what was wrong, else its heading. */
function saidBy(page: string): string {
  const alert = /role="alert">([^<]{1,300})</.exec(page)?.[1];
  const title = /<title>([^<]{1,300})</.exec(page)?.[1];
  return plain((alert ?? title ?? 'the page asks for more').trim());
}

interface AtApp {
  readonly at: URL;
}

/** Keeps cookies and follows redirects on this server, until one leads to the app. */
class ScriptedBrowser {
  readonly #cookies = new Map<string, string>();
  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** To the app, or to the page that does not lead on. @throws Problem for a refusal. */
  async follow(
    start: string,
    app: string,
    form?: Readonly<Record<string, string>>,
  ): Promise<AtApp | { readonly response: Response }> {
    let url = start;
    let fields = form;
    for (let step = 0; step < mostSteps; step++) {
      const response = await this.#send(this.#reachable(url), fields);
      const location = response.headers.get('location');
      if (location === null) return { response: await this.#page(response) };
      url = new URL(location, url).href;
      fields = undefined;
      if (url.startsWith(app)) return { at: new URL(url) };
    }
    throw new Problem('upstream', 'The sign-in goes in a circle');
  }

  /** The server's public address may be another than the one by which it is reached from here. */
  #reachable(url: string): string {
    const { origin, face, publicFace } = this.#endpoint;
    const publicRoot = publicFace.slice(0, publicFace.length - (face.length - origin.length));
    return url.startsWith(`${publicRoot}/`) ? origin + url.slice(publicRoot.length) : url;
  }

  async #send(url: string, form?: Readonly<Record<string, string>>): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await callServer(url, {
      ...(cookie === '' ? {} : { headers: { cookie } }),
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }

  async #page(response: Response): Promise<Response> {
    const json = response.headers.get('content-type')?.startsWith('application/json') ?? false;
    if (!json) return response;
    throw await refusalOf(this.#endpoint.origin, response.status, await jsonOf(response));
  }
}
