/** The commands that put APIs on the platform, over a real one: what they refuse, what they say to do next, and their JSON. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatehouse } from '../scripts/gatehouse/program.ts';
import { hostingGround, type HostingGround } from './hosting-ground.ts';

describe('the commands that manage APIs', function () {
  this.timeout(20_000);
  let ground: HostingGround;
  let folder: string;
  before(async function () {
    this.timeout(60_000); // keys are made, which is dear
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-commands-'));
    ground = await hostingGround();
  });
  after(async () => {
    await ground.end();
    rmSync(folder, { recursive: true });
  });

  /** What a command prints: on standard output, and whatever it tells beside. */
  const run = async (...args: string[]) => {
    const printed = { out: '', err: '' };
    const { log, error } = console;
    const write = process.stderr.write.bind(process.stderr);
    console.log = (line: string) => (printed.out += `${line}\n`);
    console.error = (line: string) => (printed.err += `${line}\n`);
    process.stderr.write = (text: string | Uint8Array) => {
      printed.err += text.toString();
      return true;
    };
    try {
      const own = ['--data-dir', ground.platform.dataDir];
      await gatehouse().parseAsync([...args, ...own], { from: 'user' });
    } finally {
      Object.assign(console, { log, error });
      process.stderr.write = write;
    }
    return printed;
  };
  const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).out);

  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const owned = ['--owner', 'Y90001', '--contact', 'team@example.org'];

  it('set an API up from nothing, and go on where they are run again', async () => {
    const { out, err } = await run('api', 'new', 'greet', ...owned);
    assert.match(out, /made {2}api\n[^]*made {2}sandbox\nmade {2}development/);
    assert.match(
      out,
      /\nsandbox +http.*\/greet {2}answers\ndevelopment +http.*\/greet {2}answers\n/,
    );
    assert.match(err, /the examples of the document answer everywhere/);
    const curl = /curl -s "(.*)"/.exec(out)?.[1] ?? '';
    assert.equal((await fetch(curl)).status, 200);
    const again = await json('api', 'new', 'greet', ...owned);
    assert.deepEqual(
      [...new Set(again.steps.map(({ outcome }: { outcome: string }) => outcome))],
      ['kept'],
    );
    assert.equal(again.curl, `curl -s "${curl}"`);
  });

  it('make nothing where they refuse', async () => {
    const refusals: readonly (readonly [RegExp, ...string[]])[] = [
      [
        /Y90001 owns it: choose another id/,
        'greet',
        '--owner',
        'Y90002',
        '--contact',
        'a@b.example',
      ],
      [/--contact <e-mail/, 'other', '--owner', 'Y90001'],
      [/none\.yaml cannot be read/, 'other', ...owned, '--openapi', join(folder, 'none.yaml')],
      [
        /a\.yaml:2: /,
        'other',
        ...owned,
        '--openapi',
        file('a.yaml', 'openapi: 3.0.3\npaths: {]\n'),
      ],
      [
        /b\.yaml:2: there is no path/,
        'other',
        ...owned,
        '--openapi',
        file('b.yaml', 'openapi: 3.0.3\npaths: {}'),
      ],
    ];
    for (const [reason, ...args] of refusals)
      await assert.rejects(run('api', 'new', ...args), reason);
    await assert.rejects(run('api', 'show', 'other'), /no such API.*gatehouse api list/);
  });

  it('deploy, check and promote definitions', async () => {
    await ground.api('moved');
    const good = file('good.json', JSON.stringify(ground.definition('moved'), null, 2));
    const bad = file(
      'bad.yaml',
      'base: /moved\nbackend:\n  kind: http\n  url: ftp://x\npolicies: []\n',
    );
    const at = ['api', 'deploy', 'moved'];
    await assert.rejects(run(...at, 'dev'), /--definition <file> or --from/);
    await assert.rejects(run(...at, 'uat', '--definition', good), /begins in development/);
    await assert.rejects(
      run(...at, 'dev', '--definition', bad),
      /bad\.yaml:4: [^]*bad\.yaml:5: [^]*\nNothing was changed/,
    );
    const spec = file('spec.yaml', 'openapi: 3.0.3\n\npaths: {}\n');
    await assert.rejects(
      run(...at, 'dev', '--definition', good, '--spec', spec),
      /spec\.yaml:3: there is no path/,
    );
    const checked = await run(...at, 'dev', '--definition', bad, '--check');
    assert.equal(process.exitCode, 1);
    process.exitCode = undefined;
    assert.match(checked.out, /^.*bad\.yaml:4: .*\n.*bad\.yaml:5: /);
    assert.match((await run(...at, 'dev', '--definition', good, '--check')).out, /can be deployed/);
    assert.equal((await json(...at, 'dev', '--definition', good)).active, 1);
    assert.equal((await json(...at, 'sit', '--from', 'dev', '--release', '1.0')).active, 1);
    assert.deepEqual(
      JSON.parse((await run('proxy', 'definition', 'sit.moved')).out),
      ground.definition('moved'),
    );
    assert.match((await run('proxy', 'revisions', 'sit.moved')).out, /\n1 .* 1\.0\n/);
    await assert.rejects(run('rollback', 'sit.moved'), /no revision before/);
    await assert.rejects(
      run('api', 'retire', 'moved', 'uat'),
      /no such proxy.*gatehouse proxy list/,
    );
  });

  it('keep secrets by name, and those in use', async () => {
    await ground.api('sealed');
    const value = file('key.txt', 'sesame\n');
    await run('secret', 'put', 'sealed', 'dev', 'back', '--file', value);
    const security = { kind: 'key', header: 'X-Key', secret: 'back' };
    const backend = { kind: 'http', url: ground.target, security };
    await ground.deploy('sealed', 'dev', ground.definition('sealed', undefined, { backend }));
    await ground.call('/env/dev/sealed/x');
    assert.equal(ground.received()?.headers['x-key'], 'sesame');
    const listed = await run('secret', 'list', 'sealed', 'dev');
    assert.match(listed.out, /\nback /);
    assert.doesNotMatch(listed.out, /sesame/);
    await assert.rejects(run('secret', 'delete', 'sealed', 'dev', 'back'), /uses this secret/);
    await assert.rejects(
      run('secret', 'put', 'sealed', 'dev', 'empty', '--file', file('none.txt', '\n')),
      /The value is empty/,
    );
  });

  it('make products with limits and operations, and change them', async () => {
    await ground.api('limited');
    const limits = ['--quota', '1000/5 minutes', '--rate', '10/second', '--burst', '20'];
    const make = ['product', 'create', 'limited', '--name', 'L', '--api', 'limited', ...limits];
    const made = await json(...make, '--operation', 'GET /a', '--operation', 'GET /b');
    assert.deepEqual(made.operations, { limited: ['GET /a', 'GET /b'] });
    const quota = { limit: 1000, interval: 5, unit: 'minute' };
    const spikeArrest = { rate: 10, per: 'second', burst: 20 };
    assert.deepEqual(made.limits, { quota, spikeArrest });
    const changed = await json('product', 'change', 'limited', '--concurrency', '3');
    assert.deepEqual(changed.limits, { quota, spikeArrest, concurrency: 3 });
    await assert.rejects(run('product', 'change', 'limited'), /Nothing to change/);
    await assert.rejects(run('product', 'change', 'limited', '--burst', '3'), /goes with --rate/);
    const two = ['--api', 'limited', '--api', 'moved', '--operation', 'GET /a'];
    await assert.rejects(run('product', 'change', 'limited', ...two), /<api>=GET \/a/);
  });

  it('make a key once and replace it only when asked', async () => {
    await ground.manage.call('POST', '/products', {
      body: { id: 'k', name: 'K', apis: ['greet'] },
    });
    const { subscription } = await ground.key('k', 'development');
    await assert.rejects(run('key', 'make', subscription), /gatehouse key rotate/);
    const { out } = await run('key', 'make', subscription, '--slot', 'secondary');
    assert.match(out, /^ghkd_\w+\n$/);
    const { replaced } = await json('key', 'rotate', subscription, '--overlap', '7d');
    assert.equal(replaced.length, 1);
    assert.equal((await json('key', 'list', subscription)).length, 3);
    await assert.rejects(run('key', 'rotate', 'nobody'), /gatehouse subscription list/);
    const [app = ''] = subscription.split('.');
    const where = ['--app', app, '--api', 'greet', '--environment', 'dev'];
    assert.match((await run('limits', 'explain', ...where)).out, /No limit applies/);
  });

  it('tell the policies, how the APIs are and what was called', async () => {
    assert.match((await run('policies')).out, /\nquota +limit +Lets in so many calls/);
    assert.match(
      (await run('policies', 'quota')).out,
      /\nlimit \(needed\) +integer 1 to \d+ +How many/,
    );
    await assert.rejects(run('policies', 'none'), /gatehouse policies lists them/);
    // A process that does not watch the APIs says so.
    const elsewhere = (error: unknown) => ({ out: String(error) });
    const status = await run('status', '--api', 'greet').catch(elsewhere);
    assert.match(status.out, /^proxy +state|not served by this process/);
    const usage = await run('usage', '--api', 'greet').catch(elsewhere);
    assert.match(usage.out, /\ncalls +\d[^]*\nof +name +calls|not served by this process/);
  });
});
