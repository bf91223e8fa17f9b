/** Pushes of a team's mailbox in the hub: an endpoint verified, paused, ended, its secret, dead letters, receipts. */
import assert from 'node:assert/strict';
import {
  deeds,
  factOf,
  handed,
  mailboxTeam,
  makeMailbox,
  rowsOf,
  type MadeMailbox,
  type MailboxTeam,
} from './hub-mailboxes-ground.ts';
import type { Fields } from './hub-ground.ts';
import { isSigned } from '../spine/postman/signature.ts';
import { answering, startEndpoint, until, type Endpoint } from './postman-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const flow = 'WARD_LETTER';

describe('pushes in the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let team: MailboxTeam;
  let box: MadeMailbox;
  let sender: MadeMailbox;
  let endpoint: Endpoint;

  before(async () => {
    platform = await startTestPlatform();
    team = await mailboxTeam(platform);
    sender = await makeMailbox(platform, team, { id: 'SENDER1' });
  });
  beforeEach(async () => {
    endpoint = await startEndpoint();
    box = await makeMailbox(platform, team);
  });
  afterEach(() => endpoint.close());
  after(() => platform.end());

  const send = async (headers = {}) => {
    const answer = await sender.caller.send(box.id, flow, 'good day', headers);
    assert.equal(answer.status, 202, answer.text);
    return String(answer.json.messageID);
  };
  /** A subscription, not verified: its path, and its secret. */
  const make = async (fields: Fields = {}, path = '/in') => {
    const made = await team.admin.fill(`${box.path}/pushes/new`, {
      ...{ url: endpoint.url + path, acknowledge: 'yes', ordering: 'none', ...fields },
    });
    assert.match(made.to, /^\/handed\//, made.faults.join());
    const secret = await handed(team.admin, made);
    const { html } = await team.admin.get(made.to);
    return { secret, path: /href="(\/mailboxes\/[^"]+)"/.exec(html)?.[1] ?? '' };
  };
  const press = (path: string, name: string, more: Fields = {}) =>
    team.admin.fill(path, { [name]: 'yes', ...more });
  const state = async (path: string) => factOf(await team.admin.get(path), 'State');
  const verified = async (fields: Fields = {}) => {
    const made = await make(fields);
    assert.equal((await press(made.path, 'verify')).to, made.path);
    return made;
  };
  const letter = (path: string, id: string, wanted: string) =>
    until(async () => {
      const page = await team.admin.get(`${path}/letters/${id}`);
      return page.status === 200 && factOf(page, 'State') === wanted && page;
    }, `a push that is ${wanted}`);

  it('begin once the endpoint has given the challenge back, and are signed with the secret that was shown', async () => {
    const { path, secret } = await make();
    assert.equal(await state(path), 'To be verified');
    await send();
    assert.equal(endpoint.pushed.length, 0);
    assert.equal((await press(path, 'verify')).to, path);
    assert.equal(await state(path), 'Active');
    const pushed = await until(() => endpoint.pushed[0], 'the push of what waited');
    const signed = {
      timestamp: String(pushed.headers['x-timestamp']),
      signature: String(pushed.headers['x-signature']),
      body: pushed.body,
    };
    assert.equal(isSigned(secret, signed, Date.now()), true);
    assert.equal((await deeds(platform, 'push-subscription.verify')).at(-1)?.status, 200);
    const id = await send();
    const page = await letter(path, id, 'Taken');
    assert.equal(rowsOf(page)[0]?.[1], 'Answered 200');
    const tracked = await team.viewer.get(`${box.path}/messages/${id}`);
    assert.match(tracked.html, /Delivered to the endpoint of the recipient/);
    assert.match(tracked.html, new RegExp(`href="${path}/letters/${id}"`));
  });

  it('are told why an endpoint is not verified', async () => {
    const { path } = await make({}, '/deaf');
    const page = await press(path, 'verify');
    assert.deepEqual(
      [page.status, page.faults],
      [
        409,
        [
          'Not verified: the endpoint did not give back the challenge, as text or as {"challenge": …}',
        ],
      ],
    );
    assert.equal(await state(path), 'To be verified');
  });

  it('refuse an address that will not do, and one that is there already, beside the field', async () => {
    const { admin } = team;
    const path = `${box.path}/pushes/new`;
    for (const url of ['', 'hooks', 'ftp://hooks.example.org/', 'https://a:b@hooks.example.org/']) {
      const page = await admin.fill(path, { url });
      assert.equal(page.status, 422, url);
      assert.match(page.html, /id="url-error"/, url);
    }
    await make();
    const again = await admin.fill(path, { url: `${endpoint.url}/in` });
    assert.equal(again.status, 409);
    assert.deepEqual(again.faults, ['The mailbox is pushed to that endpoint already']);
  });

  it('pause with a reason, go on, and end, each with its entry in the audit', async () => {
    const { admin, viewer } = team;
    const { path } = await verified({ acknowledge: 'no', ordering: 'hold' });
    assert.equal(factOf(await viewer.get(path), 'Order'), 'By key; behind one that is given up they wait'); // prettier-ignore
    await press(path, 'pause', { reason: 'moving house' });
    assert.equal(await state(path), 'Paused moving house');
    await send();
    await until(async () => factOf(await admin.get(path), 'Waiting').startsWith('1;'), 'a wait');
    assert.equal(endpoint.pushed.length, 0);
    await press(path, 'resume');
    await until(() => endpoint.pushed[0], 'the push');
    await until(async () => (await state(path)) === 'Active', 'active');
    assert.equal((await admin.fill(path, {})).status, 422);
    assert.equal((await admin.fill(`${path}/end`, {})).to, box.path);
    assert.equal((await admin.get(path)).status, 404);
    assert.match((await viewer.get(box.path)).html, /nothing is pushed from it/);
    for (const action of ['suspended', 'active', 'remove'])
      assert.equal((await deeds(platform, `push-subscription.${action}`)).at(-1)?.status, 200);
  });

  it('are signed with a new secret from the moment it is shown', async () => {
    const { path, secret } = await verified();
    const made = await team.admin.fill(`${path}/secret`, {});
    const next = await handed(team.admin, made);
    assert.notEqual(next, secret);
    await send();
    const { headers, body } = await until(() => endpoint.pushed[0], 'the push');
    const timestamp = String(headers['x-timestamp']);
    const given = { timestamp, signature: String(headers['x-signature']), body };
    const good = [secret, next].map((word) => isSigned(word, given, Date.now()));
    assert.deepEqual(good, [false, true]);
    assert.equal((await team.admin.get(path)).html.includes(next), false);
  });

  it('that were given up show why, are pushed anew, or are discarded with a reason', async () => {
    const { admin, viewer } = team;
    const { path } = await verified();
    endpoint.treat = answering(422, {}, 'no bed for Mrs Example');
    const ids = [await send(), await send(), await send()];
    const [first = '', second = ''] = ids;
    for (const id of ids) await letter(path, id, 'Dead letter');
    const list = await viewer.get(`${path}/letters?state=dead`);
    assert.deepEqual(rowsOf(list).map(([, word, attempts]) => [word, attempts]), [['Dead letter', '1'], ['Dead letter', '1'], ['Dead letter', '1']]); // prettier-ignore
    assert.equal(factOf(await viewer.get(path), 'Dead letters'), '3');
    const page = await admin.get(`${path}/letters/${first}`);
    assert.equal(factOf(page, 'Reason'), 'the endpoint answered 422');
    assert.match(page.html, /no bed for Mrs Example/);
    assert.doesNotMatch((await viewer.get(`${path}/letters/${first}`)).html, /Mrs Example/);

    const blank = await press(`${path}/letters/${first}`, 'discard');
    assert.deepEqual(blank.faults, ['Enter a reason of 1 to 200 characters']);
    await press(`${path}/letters/${first}`, 'discard', { reason: 'told by telephone' });
    const discarded = await letter(path, first, 'Discarded');
    assert.match(factOf(discarded, 'Reason'), /^discarded by .*: told by telephone$/);
    endpoint.treat = answering(200);
    await press(`${path}/letters/${second}`, 'replay');
    await letter(path, second, 'Taken');
    const all = await admin.fill(`${path}/letters?state=dead`, {});
    assert.equal(all.to, `${path}/letters`);
    for (const id of ids.slice(2)) await letter(path, id, 'Taken');
    assert.equal(factOf(await admin.get(`${path}/letters/${first}`), 'State'), 'Discarded');
    const done = (await deeds(platform, 'push.')).map(({ action }) => action).slice(-3);
    assert.deepEqual(done, ['push.discard', 'push.replay', 'push.replay']);
  });

  it('tell the sender by receipts, which stand with the message', async () => {
    const { path } = await verified({ receipts: 'delivered' });
    const id = await send({ 'mex-localid': 'letter-9' });
    await letter(path, id, 'Taken');
    const page = await until(async () => {
      const shown = await team.viewer.get(`${sender.path}/messages/${id}`);
      return shown.html.includes('Receipt: ') && shown;
    }, 'a receipt');
    assert.match(page.html, /The endpoint of the recipient has taken the message/);
    assert.doesNotMatch(page.html, /\/pushes\//);
    const inbox = await team.viewer.get(`${sender.path}/messages?direction=received`);
    assert.equal(rowsOf(inbox)[0]?.[1], 'From the platform (a report)');
  });

  it('let viewers see, refuse their deeds, and are not there for others or by another mailbox', async () => {
    const { admin, viewer, outsider } = team;
    const { path } = await verified();
    const id = await send();
    await letter(path, id, 'Taken');
    const seen = [path, `${path}/letters`, `${path}/letters/${id}`];
    const forms = [`${path}/secret`, `${path}/end`];
    for (const one of seen) assert.equal((await viewer.get(one)).status, 200, one);
    for (const one of [...seen, ...forms]) {
      const token = await viewer.get('/account/name');
      const fields = { pause: 'yes', replay: 'yes', reason: 'mine' };
      assert.equal((await viewer.send(token, one, fields)).status, 403, one);
      const stranger = await outsider.get('/account/name');
      assert.equal((await outsider.get(one)).status, 404, one);
      assert.equal((await outsider.send(stranger, one, fields)).status, 404, one);
      const elsewhere = one.replace(box.path, sender.path);
      assert.equal((await admin.get(elsewhere)).status, 404, elsewhere);
    }
    assert.equal(await state(path), 'Active');
  });
});
