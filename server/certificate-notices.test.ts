import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Notice } from '../certs/notices.ts';
import type { Log } from '../core/log.ts';
import { appCollection, type App } from './catalogue/apps.ts';
import { deploymentCollection, type Deployment } from './catalogue/systems/deployments.ts';
import { certificateNotices } from './certificate-notices.ts';
import type { Mail } from './observe/mailbox.ts';
import { openEmbeddedStore, type EmbeddedStore } from './store/embedded.ts';

describe('warnings before certificates end', () => {
  let dir: string;
  let store: EmbeddedStore;
  let logged: string[];
  let mails: Mail[];
  const log: Log = { log: (_level, message) => logged.push(message), child: () => log };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatehouse-notices-'));
    store = await openEmbeddedStore({ dir });
    [logged, mails] = [[], []];
  });
  afterEach(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });

  const own = async (contact: string) => {
    const registrations: App['registrations'] = {};
    const app = { id: 'app-1', owner: 'Y90001', contact, registrations };
    await store.open(appCollection).put('app-1', app as App, { expected: 0 }); // no more is read
    const deployment = { id: 'd-1', app: 'app-1', odsCode: 'A20047', environment: 'uat' };
    await store.open(deploymentCollection).put('d-1', deployment as Deployment, { expected: 0 }); // likewise
  };
  const sweep = (deployment: string) => {
    const certificate = { thumbprint: 't', environment: 'uat', fqdn: 'a.example', deployment };
    const notice = { certificate, days: 14, text: 'It ends.' } as Notice; // likewise
    return certificateNotices({
      ...{ store, log },
      notices: { due: () => Promise.resolve([notice]), endings: () => [] },
      mailbox: {
        put(_id, mail) {
          mails.push(mail);
          return Promise.resolve();
        },
      },
    }).sweep();
  };

  it('go to the contact of the app by mail, with the next step', async () => {
    await own('team@example.org');
    assert.equal(await sweep('d-1'), 1);
    assert.equal(mails[0]?.to, 'team@example.org');
    assert.match(mails.map(({ subject }) => subject).join(), /14 day.*a\.example/);
    assert.match(mails.map(({ text }) => text).join(), /gatehouse cert renew t/);
  });

  it('are in the log also where the contact is a page, or nobody is known', async () => {
    await own('https://example.org/contact');
    await sweep('d-1');
    await sweep('d-2');
    assert.deepEqual(mails, []);
    assert.equal(logged.length, 2);
  });
});
