/** The platform's PDS asks its own Spine faces in HL7 V3, over mutual TLS and through outbox and directory. */
import { showRecords } from './pds-remote-ground.ts';
import { pdsSuite } from './pds-suite.ts';
import { workerToken } from './signed-in-ground.ts';
import { ownListener, spineClientGround } from './spine-client-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const unsupported = (what: string) => `${what} is not supported over the messages of this back end`;

describe('PDS over Spine messages, by the suite', () => {
  let platform: TestPlatform;
  let token: string;
  before(async function () {
    this.timeout(120_000);
    platform = await startTestPlatform();
    token = await workerToken({ platform, environment: 'sandbox' }, '656005750111');
    const ground = await spineClientGround(platform);
    await ground.nationalAt(ownListener(platform));
    await ground.ownAt(ownListener(platform));
    const asked = () => platform.logged().includes('QUPA_IN000008UK02');
    // The directory has them in the view that all callers of nobody's share.
    await showRecords(platform, ground.records, { asked, view: 'shared' });
  });
  after(() => platform.end());

  pdsSuite({
    base: () => platform.base,
    worker: () => ({ authorization: `Bearer ${token}` }),
    without: {
      coverage: unsupported('Coverage'),
      'search by contact': unsupported('A search by telephone, email or managing organisation'),
      'births that ignore matches': unsupported('Ignoring potential matches'),
    },
  });
});
