/** Token requests, signed beforehand, and connections that send them, or reads, one after another. */
import { createPrivateKey, randomUUID, sign, type KeyObject } from 'node:crypto';
import { Agent, request } from 'node:http';

/** Who signs, and for which token endpoint. */
export interface Signer {
  readonly key: KeyObject;
  readonly clientId: string;
  readonly audience: string;
}

export function signer(pem: string, clientId: string, audience: string): Signer {
  return { key: createPrivateKey(pem), clientId, audience };
}

/** So many forms, each with an assertion of its own that is good for 5 minutes from now. */
export function tokenForms(count: number, { key, clientId, audience }: Signer): string[] {
  const now = Math.floor(Date.now() / 1000);
  const header = encode({ alg: 'RS512', typ: 'JWT', kid: 'demo-1' });
  return Array.from({ length: count }, () => {
    const claims = {
      iss: clientId,
      sub: clientId,
      aud: audience,
      jti: randomUUID(),
      iat: now,
      exp: now + 300,
    };
    const signed = `${header}.${encode(claims)}`;
    const signature = sign('sha512', Buffer.from(signed), key).toString('base64url');
    return `grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=${signed}.${signature}`;
  });
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

export interface Sent {
  readonly times: number[];
  readonly failed: number;
  readonly seconds: number;
}

/** Sends all forms over so many connections, each as fast as it is answered. */
export async function sendForms(
  url: string,
  forms: readonly string[],
  connections: number,
): Promise<Sent> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  let failed = 0;
  let next = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let form = forms[next++]; form !== undefined; form = forms[next++]) {
        const sent = performance.now();
        if ((await post(agent, url, form)) !== 200) failed++;
        times.push(performance.now() - sent);
      }
    }),
  );
  agent.destroy();
  return { times, failed, seconds: (performance.now() - began) / 1000 };
}

function post(agent: Agent, url: string, form: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': form.length,
    };
    const sending = request(url, { agent, method: 'POST', headers }, (response) => {
      response.resume();
      response.once('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    sending.once('error', reject);
    sending.end(form);
  });
}

/** Reads over so many connections for so long; `next` says what comes next. */
export async function readFor(
  seconds: number,
  connections: number,
  next: () => { readonly url: string; readonly headers: Record<string, string> },
): Promise<Sent> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  let failed = 0;
  const began = performance.now();
  const end = began + seconds * 1000;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end) {
        const sent = performance.now();
        const { url, headers } = next();
        if ((await get(agent, url, headers)) !== 200) failed++;
        times.push(performance.now() - sent);
      }
    }),
  );
  agent.destroy();
  return { times, failed, seconds: (performance.now() - began) / 1000 };
}

function get(agent: Agent, url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { agent, headers }, (response) => {
      response.resume();
      response.once('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    sending.once('error', reject);
    sending.end();
  });
}
