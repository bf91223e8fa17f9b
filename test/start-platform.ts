/** A platform on a free port over a data folder of its own, for journeys over real sockets. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createLog } from '../core/log.ts';
import { loadConfig } from '../server/config.ts';
import { startPlatform, type Platform, type StartOptions } from '../server/platform.ts';
import { loadOpenApi, type OpenApi } from '../fhir/openapi.ts';
import { answerFaults, r4Faults } from './r4-schema.ts';

export interface TestPlatform extends Platform {
  readonly url: string;
  readonly dataDir: string;
  /** All that was logged so far. */
  logged(): string;
  /** Sends a request to the PDS API with a fresh X-Request-ID unless one is given. */
  call(path: string, init?: CallInit): Promise<Answer>;
  /** Stops and removes the data. */
  end(): Promise<void>;
}

export interface CallInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless it is text. */
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed; loosely typed, for tests look into it by path. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test names the members it expects
  readonly json: any;
}

export const root = join(import.meta.dirname, '..');

let template: Promise<string> | undefined;

/**
 * What a first start makes (default patients, demo apps, keys), made once for all platforms of a test run: loading it
 * anew for each would be most of their time. The audit is left out, so each has its own from the first entry on.
 */
async function fillWithDefaults(dataDir: string): Promise<void> {
  template ??= makeTemplate();
  const from = await template;
  cpSync(from, dataDir, {
    recursive: true,
    filter: (source) => !/[\\/](audit|audit-heads|lock\.db.*)$/.test(source),
  });
}

async function makeTemplate(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-template-'));
  process.once('exit', () => {
    rmSync(dir, { recursive: true, force: true });
  });
  const silent = createLog(
    'error',
    new Writable({
      write: (_chunk, _encoding, done) => {
        done();
      },
    }),
  );
  const config = loadConfig({ PORT: '0', DATA_DIR: dir });
  await (await startPlatform(config, root, { log: silent })).stop();
  return dir;
}

export async function startTestPlatform(
  options: StartOptions & { dataDir?: string; environment?: Record<string, string> } = {},
): Promise<TestPlatform> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'gatehouse-'));
  if (options.dataDir === undefined && !options.withoutDefaults) await fillWithDefaults(dataDir);
  const lines: string[] = [];
  const log = createLog(
    'debug',
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString());
        done();
      },
    }),
  );
  r4Faults({}); // compiles the schema now rather than within the time of the first test
  // Free ports also where PORT is given: others may have the usual ones.
  const free = { LDAP_PORT: '0', LDAPS_PORT: '0', TLS_PORT: '0', TLS_PORT_PRODUCTION: '0' };
  const config = loadConfig({ PORT: '0', ...free, DATA_DIR: dataDir, ...options.environment });
  const platform = await startPlatform(config, root, { log, ...options });
  const url = `http://localhost:${platform.port}`;
  return {
    ...platform,
    url,
    dataDir,
    logged: () => {
      log.flush();
      return lines.join('');
    },
    call: (path, init) => call(`${url}/personal-demographics/FHIR/R4${path}`, init),
    async end() {
      await platform.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/**
 * Sends one request and reads the whole answer. An answer of the PDS API is judged too: by the API's own OpenAPI
 * document and by the R4 schema. Throws when it is not as they say, so every journey proves that of all its answers.
 */
export async function call(url: string, init: CallInit = {}): Promise<Answer> {
  const headers = new Headers(init.headers);
  if (!headers.has('x-request-id')) headers.set('x-request-id', crypto.randomUUID());
  if (headers.get('x-request-id') === 'none') headers.delete('x-request-id');
  const body = typeof init.body === 'string' ? init.body : JSON.stringify(init.body);
  if (init.body !== undefined && !headers.has('content-type'))
    headers.set(
      'content-type',
      init.method === 'PATCH' ? 'application/json-patch+json' : 'application/json',
    );
  const response = await fetch(url, {
    method: init.method ?? 'GET',
    headers,
    ...(init.body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const answer = { status: response.status, headers: response.headers, text, json: parse(text) };
  judge(init.method ?? 'GET', url, headers, answer);
  return answer;
}

const pdsBase = '/personal-demographics/FHIR/R4';
let pds: OpenApi | undefined;

function judge(method: string, url: string, sent: Headers, answer: Answer): void {
  const { pathname } = new URL(url);
  const at = pathname.indexOf(`${pdsBase}/`);
  if (at < 0 || method === 'OPTIONS') return;
  pds ??= loadOpenApi(join(root, 'fhir/pds/openapi.json'));
  const path = pathname.slice(at + pdsBase.length);
  const faults = [...pdsFaults(pds, method, path, answer), ...headerFaults(sent, answer)];
  assert.deepEqual(faults, [], `${method} ${path} was answered otherwise than described`);
}

/** Of what the document does not describe, only a refusal in the service's own shape may come back. */
function pdsFaults(doc: OpenApi, method: string, path: string, answer: Answer): string[] {
  const { status, headers, json } = answer;
  const faults = answerFaults(doc, method, path, status, Object.fromEntries(headers), json);
  if (!faults[0]?.endsWith('is not described')) return faults;
  if (status < 400 || json?.resourceType !== 'OperationOutcome')
    return [`${status} without an OperationOutcome`];
  return [...(json.issue.length === 1 ? [] : [`${json.issue.length} issues`]), ...r4Faults(json)];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The ids come back as they were sent, an ETag with what has a version only, and nothing of a person is for caches. */
function headerFaults(sent: Headers, { status, headers, json }: Answer): string[] {
  const faults = ['x-request-id', 'x-correlation-id']
    .filter((name) => headers.get(name) !== sent.get(name))
    .map((name) => `${name} is not as sent`);
  const versioned = json?.resourceType === 'Patient' || json?.meta?.versionId !== undefined;
  if (versioned !== headers.has('etag')) faults.push('ETag with the wrong kind of answer');
  const personal = status < 300 && ['Patient', 'Bundle'].includes(json?.resourceType);
  if (personal && headers.get('cache-control') !== 'no-store') faults.push('may be cached');
  return faults;
}
