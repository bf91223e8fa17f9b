/**
 * The snippets of the documentation pages, run as they stand there but for the values that their reader puts in, in each
 * language that this machine has; with each pattern of access that needs no browser.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hubClient, textOf, type HubClient } from './hub-ground.ts';
import { codeFor } from './sign-in-ground.ts';
import { startTestPlatform } from './start-platform.ts';
import { redirectUri, type TokenGround } from './token-ground.ts';

const run = promisify(execFile);

/** How each is run where it is there; `needs` says whether it is. */
const runners: Readonly<
  Record<string, { file: string; command: readonly string[]; needs: readonly string[] }>
> = {
  curl: { file: 'call.sh', command: ['sh', 'call.sh'], needs: ['curl', '--version'] },
  javascript: { file: 'call.mjs', command: ['node', 'call.mjs'], needs: ['node', '--version'] },
  python: {
    file: 'call.py',
    command: ['python3', 'call.py'],
    needs: ['python3', '-c', 'import requests, cryptography'],
  },
  java: {
    file: 'Call.java',
    command: ['java', '-XX:TieredStopAtLevel=1', 'Call.java'],
    needs: ['java', '--source', '11', '--version'],
  },
  php: { file: 'call.php', command: ['php', 'call.php'], needs: ['php', '-r', 'curl_init();'] },
  ruby: { file: 'call.rb', command: ['ruby', 'call.rb'], needs: ['ruby', '--version'] },
};

const known = new Map<string, boolean>();

function isThere(language: string): boolean {
  const { needs = [] } = runners[language] ?? {};
  const there = known.get(language) ?? runs(needs);
  known.set(language, there);
  return there;
}

function runs([command = '', ...rest]: readonly string[]): boolean {
  try {
    execFileSync(command, rest, { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

/** Those that this machine has. Go is tried by hand: it builds its library first, for minutes on a small machine. */
const here = Object.keys(runners).filter(isThere);
for (const language of Object.keys(runners))
  if (!here.includes(language))
    console.log(`    no snippets in ${language}: it is not installed here`);

const all = 'curl javascript python java csharp go php ruby powershell'.split(' ');

describe('snippets of the documentation pages', function () {
  this.timeout(400_000);
  let ground: TokenGround;
  let client: HubClient;
  let dir: string;

  before(async () => {
    const platform = await startTestPlatform();
    const { dataDir, url } = platform;
    ground = {
      ...{ platform, dataDir, face: `${url}/env/int/oauth2` },
      clock: { time: 0, now: () => Date.now(), newId: () => crypto.randomUUID() },
      secret: readFileSync(join(dataDir, 'demo', 'demo-int.secret'), 'utf8').trim(),
      end: () => platform.end(),
    };
    client = hubClient(url);
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-snippets-'));
  });
  after(async () => {
    rmSync(dir, { recursive: true, force: true });
    await ground.end();
  });

  /** What a page shows as code. */
  const snippet = async (path: string, query: Readonly<Record<string, string>>) => {
    const { html, status } = await client.get(`${path}?${new URLSearchParams(query).toString()}`);
    assert.equal(status, 200);
    const [, code = ''] =
      /<pre class="hub-sample"[^>]*aria-label="[^"]* code"><code>(.*?)<\/code>/s.exec(html) ?? [];
    return textOf(code) + '\n';
  };

  const outputOf = async (language: string, code: string): Promise<string> => {
    const runner = runners[language];
    assert.ok(runner);
    writeFileSync(join(dir, runner.file), code);
    const [command = '', ...rest] = runner.command;
    const { stdout } = await run(command, rest, { cwd: dir, timeout: 300_000 });
    return stdout;
  };

  const filled = (code: string, values: Readonly<Record<string, string>>) => {
    let text = code;
    for (const [name, value] of Object.entries(values)) {
      assert.ok(text.includes(name), name);
      text = text.replaceAll(name, value);
    }
    return text;
  };

  const pds = '/catalogue/personal-demographics/operations';

  for (const language of here) {
    const title = (what: string) => `${language}: ${what}`;

    it(title('calls the sandbox without a credential'), async () => {
      const code = await snippet(`${pds}/getPatient`, { language });
      assert.match(await outputOf(language, code), /"id":"9000000009"/);
    });

    it(title('gets a token with a signed JWT and calls integration'), async () => {
      const code = await snippet(`${pds}/getPatient`, {
        language,
        environment: 'int',
        access: 'app',
      });
      const values = {
        'put-your-api-key-here': 'demo-app-int',
        'put-your-key-id-here': 'demo-1',
        'private-key.pem': join(ground.platform.dataDir, 'demo', 'demo-int.pem'),
      };
      assert.match(await outputOf(language, filled(code, values)), /"id":"9000000009"/);
    });
  }

  for (const language of ['curl', 'javascript', 'python'].filter((one) => here.includes(one))) {
    it(`${language}: sends a key, a body, and a query`, async () => {
      const key = await snippet('/catalogue/hello-world/operations/hello-application', {
        language,
      });
      const greeted = await outputOf(
        language,
        filled(key, { 'put-your-api-key-here': 'demo-app-sandbox' }),
      );
      assert.match(greeted, /Hello Application!/);
      const found = await outputOf(language, await snippet(`${pds}/searchPatients`, { language }));
      assert.match(found, /"type":"searchset"/);
      const made = await outputOf(language, await snippet(`${pds}/createPatient`, { language }));
      assert.match(made, /"resourceType":"(Patient|OperationOutcome|Bundle)"/);
      assert.doesNotMatch(made, /INVALID|MISSING/);
    });

    it(`${language}: takes the code of somebody who signed in`, async () => {
      const code = await snippet('/catalogue/hello-world/operations/hello-user', {
        ...{ language, environment: 'int', access: 'worker' },
      });
      const values = {
        'put-your-api-key-here': 'demo-app-int',
        'put-your-client-secret-here': ground.secret,
        'https://example.org/callback': redirectUri,
      };
      const asks = filled(code, values);
      assert.match(
        await outputOf(language, asks),
        /\/env\/int\/oauth2\/authorize\?response_type=code/,
      );
      const given = await codeFor(ground);
      const tells = asks.replace(/CODE( ?=+ ?)(''|"")/, `CODE$1"${given}"`);
      assert.notEqual(tells, asks);
      assert.match(await outputOf(language, tells), /Hello User!/);
    });
  }

  it('R024 are there in nine languages for every operation; the one for curl runs but for its key', async () => {
    const paths: string[] = [];
    for (const api of [
      'personal-demographics',
      'hello-world',
      'spine-directory',
      'ods-fhir',
      'ods-ord',
    ]) {
      const { html } = await client.get(`/catalogue/${api}`);
      for (const [, path = ''] of html.matchAll(/href="([^"]+\/operations\/[^"]+)"/g))
        paths.push(path);
    }
    assert.ok(paths.length > 25);
    for (const path of paths)
      for (const language of all)
        assert.ok((await snippet(path, { language })).length > 100, `${path} ${language}`);
    for (const path of paths) {
      const code = await snippet(path, { language: 'curl' });
      const own = code.replace('put-your-api-key-here', 'demo-app-sandbox');
      const output = await outputOf('curl', own);
      assert.ok(output.length > 0, path);
      assert.doesNotMatch(
        output,
        /MISSING_VALUE|INVALID_|UNSUPPORTED|"status": ?4\d\d/,
        `${path} ${output}`,
      );
    }
  });
});
