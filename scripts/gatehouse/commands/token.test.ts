import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../../core/problem.ts';
import { call, root } from '../../../test/start-platform.ts';
import {
  addApp,
  ask,
  publicJwk,
  startTokenGround,
  testKey,
  type TokenGround,
} from '../../../test/token-ground.ts';
import { tokenCommand } from './token.ts';

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly error: string;
}

describe('gatehouse token', function () {
  this.timeout(60_000);
  let ground: TokenGround;
  before(async () => {
    ground = await startTokenGround();
    ground.clock.now = () => Date.now(); // the command has no other clock
  });
  after(() => ground.end());

  /** What the command says, run in this process: starting a program for each would take minutes. */
  async function run(args: readonly string[], url = ground.platform.url): Promise<Ended> {
    const [printed, said]: [string[], string[]] = [[], []];
    const { log, error } = console;
    console.log = (line: string) => printed.push(`${line}\n`);
    console.error = (line: string) => said.push(`${line}\n`);
    const folder =
      args[0] !== 'get' || args.includes('--data-dir') ? [] : ['--data-dir', ground.dataDir];
    const before = process.exitCode;
    let status: number;
    try {
      await tokenCommand().parseAsync([...args, '--url', url, ...folder], { from: 'user' });
      status = Number(process.exitCode ?? 0);
    } catch (thrown) {
      assert.ok(thrown instanceof Problem, String(thrown));
      said.push(thrown.message);
      status = 1;
    } finally {
      process.exitCode = before;
      Object.assign(console, { log, error });
    }
    return { status, out: printed.join(''), error: said.join('') };
  }

  /** The real command, with what is said on standard input. */
  async function runProgram(args: readonly string[], input = ''): Promise<Ended> {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'scripts/gatehouse/main.ts', 'token', ...args],
      {
        cwd: root,
        // eslint-disable-next-line no-restricted-syntax -- a child needs the path of this machine's programs
        env: { PATH: process.env.PATH ?? '' },
      },
    );
    let [out, error] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()));
    child.stdin.end(input);
    const [status] = (await once(child, 'close')) as [number]; // node's own event
    return { status, out, error };
  }

  const get = (...args: string[]) => run(['get', '--app', 'demo', ...args]);

  /** What PDS answers to a token: there are no patients, so a live one is told 404. */
  const pds = async (token: string, environment = 'int') =>
    (
      await call(
        `${ground.platform.url}/env/${environment}/personal-demographics/FHIR/R4/Patient/9000000009`,
        { headers: { authorization: `Bearer ${token}` } },
      )
    ).status;

  const isToken = ({ status, out, error }: Ended): string => {
    assert.equal(status, 0, error);
    assert.match(out, /^[A-Za-z0-9_-]{43}\n$/);
    return out.trim();
  };

  describe('get', () => {
    it('prints a token of the demo app and nothing else on standard output', async () => {
      const ended = await get('--environment', 'int');
      assert.equal(await pds(isToken(ended)), 404);
      assert.match(ended.error, /demo-app-int, environment uat, good for 599 s/);
    });

    it('does exactly what the start screen says', async () => {
      const line =
        ground.platform.welcome().find((one) => one.includes('gatehouse token get')) ?? '';
      const [, args = ''] = /TOKEN=\$\(npx gatehouse token (.*)\)$/.exec(line) ?? [];
      assert.match(
        args,
        new RegExp(`--url ${ground.platform.url} --data-dir '${ground.dataDir}'$`),
      );
      const ended = await runProgram(args.replaceAll("'", '').split(' '));
      assert.equal(await pds(isToken(ended)), 404);
    });

    it('signs in a worker and a patient by the real flow, at another level too', async () => {
      const worker = isToken(await get('--user', '656005750104'));
      const explained = JSON.parse((await run(['explain', worker, '--json'])).out);
      assert.deepEqual(explained.token.signIn, { provider: 'apim-mock-nhs-cis2', level: 'aal3' });
      const other = isToken(
        await get('--user', '656005750104', '--level', 'aal2', '--face', '/oauth2-mock'),
      );
      const { out } = await run(['explain', other, '--json']);
      assert.equal(JSON.parse(out).token.signIn.level, 'aal2');
      const { out: json } = await get('--user', '9912003071', '--json');
      assert.equal(await pds(JSON.parse(json).access_token), 403); // no record but the own
    });

    it('brings the key and client id of an app of one’s own', async () => {
      const key = testKey(4);
      const keys = { kind: 'value', keys: [publicJwk(key, 'mine')] } as const;
      const clientId = await addApp(ground, 'own-app', { keys });
      const file = join(ground.dataDir, 'own.pem');
      writeFileSync(file, key);
      isToken(await get('--client-id', clientId, '--key', file, '--kid', 'mine'));
      isToken(await run(['get', '--app', 'own-app', '--key', file, '--kid', 'mine'])); // by management
      const noKey = await run(['get', '--app', 'own-app']);
      assert.equal(noKey.status, 1);
      assert.match(noKey.error, /--key <file> and --kid/);
      assert.match((await get('--client-id', clientId, '--key', file)).error, /--kid/);
      assert.match((await run(['get', '--app', 'nobody'])).error, /no such app.*--client-id/);
    });

    for (const [what, args, said] of [
      ['an app that is revoked', ['--app', 'demo-revoked'], /rule +app approved[^]*found +revoked/],
      ['an app without scopes', ['--app', 'demo-unapproved-int'], /rule +scopes left/],
      [
        'a level the product lacks',
        ['--user', '656005750110'],
        /rule +scopes left[^]*found +nhs-cis2 at aal1/,
      ],
      ['a person who is not there', ['--user', 'nobody'], /no test person with this user name/],
      [
        'an account that is locked',
        ['--user', '999000000105'],
        /access_denied: The account is locked/,
      ],
      ['a level that is none', ['--user', '656005750104', '--level', 'AAL9'], /Choose a level/],
      [
        'an environment without demo files',
        ['--environment', 'dev'],
        /no file .*demo-dev\.pem.*--key and --kid/,
      ],
      ['an environment that is none', ['--environment', 'mars'], /--environment must be one of/],
      [
        'a face that is not there',
        ['--environment', 'prod', '--face', '/oauth2-mock'],
        /not served/,
      ],
      ['another data folder', ['--data-dir', '/nowhere/at/all'], /--data-dir/],
    ] as const)
      it(`says how to go on for ${what}`, async () => {
        const { status, out, error } = await get(...args);
        assert.equal(status, 1);
        assert.equal(out, '');
        assert.match(error, said);
        assert.doesNotMatch(error, /\n +at /);
      });

    it('says which file is wanted when the demo key is gone', async () => {
      const file = join(ground.dataDir, 'demo', 'demo-sandbox.pem');
      rmSync(file);
      const { status, error } = await get('--environment', 'sandbox');
      assert.equal(status, 1);
      assert.ok(error.includes(file));
    });

    it('ends the program with 1 and a sentence when something is wrong', async () => {
      const ended = await runProgram(['get', '--app', 'demo', '--url', 'http://127.0.0.1:9']);
      assert.equal(ended.status, 1);
      assert.equal(ended.out, '');
      assert.match(ended.error, /^No server answers.*\n$/);
    });

    it('says how to go on when no server answers, or another one', async () => {
      const nobody = await run(['get', '--app', 'demo'], 'http://127.0.0.1:9');
      assert.match(nobody.error, /No server answers at http:\/\/127\.0\.0\.1:9.*npm start/);
      assert.match((await run(['get', '--app', 'demo'], 'nonsense')).error, /--url must be/);
    });
  });

  describe('explain', () => {
    it('prints rule by rule what is wrong, and ends with 1', async () => {
      const token = isToken(await get());
      const { status, out } = await runProgram(
        ['explain', '-', '--environment', 'sandbox', '--url', ground.platform.url],
        `${token}\n`,
      );
      assert.equal(status, 1);
      assert.match(out, /✓ not expired/);
      assert.match(out, /✗ environment: [^]*expected +a token of environment sandbox/);
      assert.match(out, /It would be refused by the rule "environment"/);
      assert.ok(!out.includes(token));
    });

    it('ends with 0 for a token that would be accepted', async () => {
      const { status, out } = await run(['explain', isToken(await get())]);
      assert.equal(status, 0);
      assert.match(out, /It would be accepted/);
    });

    it('keeps what a token says from steering the terminal', async () => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const token = `${part({ alg: '\u001b[2J' })}.${part({ iss: 'a\u009b\n\u202eb' })}.x`;
      const { status, out } = await run(['explain', token]);
      assert.equal(status, 1);
      assert.doesNotMatch(out, /[\u001b\u009b\u202e\r]/); // eslint-disable-line no-control-regex -- that is what must not come
      assert.match(out, /What would be accepted/);
    });
  });

  it('refusal: prints why, and says when it is not remembered', async () => {
    const refused = await ask(`${ground.face}/authorize`);
    const { status, out } = await run(['refusal', refused.json.message_id]);
    assert.equal(status, 0);
    assert.match(out, /^rule +client_id there$/m);
    const unknown = await run(['refusal', 'x/../y']);
    assert.equal(unknown.status, 1);
    assert.match(unknown.error, /remembers no refusal/);
  });
});
