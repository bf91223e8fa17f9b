import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import fc from 'fast-check';
import { framings } from './hostile-framing.ts';
import { hostileRequests, target, type HostileRequest } from './hostile-requests.ts';
import { mutated } from './mutated-bodies.ts';
import { sendBytes, sendRaw, type RawAnswer, type RawRequest } from './raw-http.ts';
import { testNumber } from '../fhir/synthetic/numbers.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const bases = { pds: '/personal-demographics/FHIR/R4', sandbox: '/_sandbox' } as const;
/** Longer than any answer takes on a busy machine: what is still open then hangs. */
const patience = 10_000;
/**
 * Milliseconds that one input may hold up the others: no promise of speed, which bench/ measures, but far below what an
 * input takes whose cost grows faster than its length.
 */
const longestBlock = 1_000;

/** What must be true of every answer, whatever was asked. */
function checkAnswer(name: string, { method }: RawRequest, answer: RawAnswer): void {
  assert.ok(answer.closed, `${name}: hangs`);
  assert.ok(
    answer.status >= 200 && answer.status < 500,
    `${name}: ${answer.status} ${answer.body}`,
  );
  assert.doesNotMatch(answer.body, /\bat .*[/\\].*:\d+:\d+|node_modules|node:internal/, name);
  if (answer.status < 400 || method === 'HEAD') return;
  const outcome = JSON.parse(answer.body);
  assert.equal(outcome.resourceType, 'OperationOutcome', name);
  assert.equal(outcome.issue.length, 1, name);
}

const id = [['x-request-id', '60e0b220-8136-4ca5-ae46-1d97ef59d068']] as const;
const patchFields = [
  ['if-match', 'W/"2"'],
  ['content-type', 'application/json-patch+json'],
] as const;
const person = {
  name: [{ id: 'a', use: 'usual', family: 'Large', given: ['Input'] }],
  gender: 'female',
  birthDate: '1990-01-01',
};
const patch = (op: string, path: string, value?: unknown) =>
  JSON.stringify({ patches: [{ op, path, ...(value === undefined ? {} : { value }) }] });
const patches = [
  patch('add', '/name/-', { use: 'nickname', family: 'A', given: ['B'] }),
  patch('replace', '/gender', 'other'),
  patch('add', '/telecom/-', { system: 'phone', use: 'mobile', value: '07700900001' }),
];

/** Half a character cannot be percent-encoded. */
const wellFormed = (text: string) => text.replace(/\p{Cs}/gu, '\ufffd');

const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(
    'Smith',
    'Sm*',
    'eq2010-10-22',
    'ge1900-01-01',
    'le2030-01-01',
    'true',
    '',
    '*',
    'male',
    '1',
  ),
);
const parameter = fc.constantFrom(
  ...['family', 'given', 'gender', 'birthdate', 'birthdate', 'death-date', 'address-postalcode'],
  ...[
    'general-practitioner',
    'email',
    'phone',
    '_max-results',
    '_fuzzy-match',
    '_history',
    '__proto__',
  ],
);
const search = fc.array(fc.tuple(parameter, word), { maxLength: 8 }).map((pairs) => ({
  path: `/Patient?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(wellFormed(value))}`).join('&')}`,
  headers: id,
}));
const update = mutated(JSON.parse(patches[0] ?? '')).map((body) => ({
  method: 'PATCH',
  path: `/Patient/${target}`,
  headers: [...id, ...patchFields],
  body: JSON.stringify(body),
}));
const anyPath = fc
  .tuple(fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE'), fc.array(word, { maxLength: 4 }))
  .map(([method, parts]) => ({
    method,
    path: `/${parts.map((part) => encodeURIComponent(wellFormed(part))).join('/')}`,
    headers: id,
  }));
const creation = mutated({ resourceType: 'Patient', ...person }).map((body) => ({
  method: 'POST',
  path: '/Patient',
  headers: [...id, ['content-type', 'application/fhir+json'] as const],
  body: JSON.stringify(body),
}));
const randomRequest: fc.Arbitrary<RawRequest> = fc.oneof(search, update, anyPath, creation);

describe('bad input', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.end());
  /** A failure names it. */
  const seed = Date.now() % 2 ** 31;

  const send = (at: HostileRequest['at'], request: RawRequest) =>
    sendRaw(platform.port, { ...request, path: bases[at] + request.path }, patience);
  const newWorkspace = async (): Promise<string> => {
    const made = await send('sandbox', { method: 'POST', path: '/workspaces', body: '{}' });
    return JSON.parse(made.body).id;
  };
  const record = async () => {
    const answer = await platform.call(`/Patient/${target}`);
    assert.equal(answer.status, 200, 'the server is well');
    return answer.text;
  };
  const checkLog = () => {
    const events = platform
      .logged()
      .split('\n')
      .filter((line) => /"level":"(error|warn)"/.test(line));
    assert.deepEqual(events, [], 'nothing that a person would have to look into');
    assert.doesNotMatch(platform.logged(), /Example Person|9000000009|DROP TABLE|Smith/);
  };

  it('is refused or closed where its framing is wrong, and nothing of it is passed on', async () => {
    const before = await record();
    for (const { name, bytes, expect } of framings) {
      const answer = await sendBytes(platform.port, bytes, patience);
      assert.ok(answer.closed, `${name}: hangs`);
      assert.ok(answer.answers <= 1, `${name}: what was hidden behind it was answered`);
      if (expect === 'refused')
        assert.ok(answer.status === 0 || [400, 405, 414, 417, 431].includes(answer.status), name);
      else assert.ok([200, 404].includes(answer.status), `${name}: ${answer.status}`);
    }
    assert.equal(await record(), before);
  });

  it('gets a 4xx with exactly one issue whatever it is aimed at, changes nothing and holds up nobody', async () => {
    const before = await record();
    const delay = monitorEventLoopDelay({ resolution: 2 });
    delay.enable();
    const measured = async ({ at, request }: HostileRequest) => {
      const asked = request();
      await pause(3); // what making it cost is not counted
      delay.reset();
      const answer = await send(at, asked);
      await pause(3);
      return { asked, answer, blocked: delay.max / 1e6 };
    };
    for (const entry of hostileRequests) {
      const { name, expect } = entry;
      const first = await measured(entry);
      checkAnswer(name, first.asked, first.answer);
      const { status, body } = first.answer;
      if (expect === 'refused') assert.ok(status >= 400, `${name}: ${status} ${body}`);
      // The machine may be busy with something else: only what is slow every time is our own doing.
      let { blocked } = first;
      for (let again = 0; again < 4 && blocked > longestBlock; again++)
        blocked = Math.min(blocked, (await measured(entry)).blocked);
      assert.ok(blocked <= longestBlock, `${name}: blocked for ${Math.round(blocked)} ms`);
    }
    delay.disable();
    assert.equal(await record(), before);
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
    checkLog();
  });

  it('does not come as a full load of good input either: others are served meanwhile', async () => {
    const body = Array.from({ length: 5000 }, (_, i) =>
      JSON.stringify({ resourceType: 'Patient', id: testNumber(i), ...person }),
    ).join('\n');
    const path = `/workspaces/${await newWorkspace()}/patients`;
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const answer = await send('sandbox', { method: 'POST', path, body });
    delay.disable();
    assert.equal(answer.status, 201, answer.body);
    assert.equal(JSON.parse(answer.body).kept, 5000);
    const blocked = Math.round(delay.max / 1e6); // usually some 40; a busy machine is allowed for
    assert.ok(blocked <= 2 * longestBlock, `blocked for ${blocked} ms`);
  });

  it('made at random is never answered with a fault of ours', async () => {
    const workspace = await newWorkspace();
    const before = await record();
    await fc.assert(
      fc.asyncProperty(randomRequest, async (request) => {
        const headers = [...(request.headers ?? []), ['x-gatehouse-workspace', workspace] as const];
        const asked = { ...request, headers };
        checkAnswer(JSON.stringify(asked), asked, await send('pds', asked));
      }),
      { seed, numRuns: 300, endOnFailure: true },
    );
    assert.equal(await record(), before);
    checkLog();
  });

  it('seeded at random is refused, or served without a fault of ours', async () => {
    const workspace = await newWorkspace();
    const headers = [...id, ['x-gatehouse-workspace', workspace] as const];
    let kept = 0;
    await fc.assert(
      fc.asyncProperty(mutated(JSON.parse(await record())), async (patient) => {
        const seeding = {
          method: 'POST',
          path: `/workspaces/${workspace}/patients`,
          body: JSON.stringify(patient),
        };
        const seeded = await send('sandbox', seeding);
        checkAnswer(seeding.body, seeding, seeded);
        if (seeded.status !== 201) return;
        kept++;
        for (const path of [
          `/Patient/${target}`,
          `/Patient/${target}/RelatedPerson`,
          `/Coverage?subscriber%3Aidentifier=${target}`,
          '/Patient?family=Smith&birthdate=eq2010-10-22&_history=true',
          '/Patient?family=Smith&given=Jane&birthdate=eq2010-10-22&_fuzzy-match=true',
        ])
          checkAnswer(seeding.body, { path }, await send('pds', { path, headers }));
        for (const body of patches) {
          const update = { method: 'PATCH', path: `/Patient/${target}`, body };
          const fields = [...headers, ...patchFields];
          checkAnswer(seeding.body, update, await send('pds', { ...update, headers: fields }));
        }
      }),
      { seed, numRuns: 150, endOnFailure: true },
    );
    assert.ok(kept > 0, 'some are kept');
    checkLog();
  });
});

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
