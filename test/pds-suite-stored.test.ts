import { pdsSuite } from './pds-suite.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('PDS over stored records', () => {
  let platform: TestPlatform;
  before(async function () {
    this.timeout(60_000);
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  pdsSuite({ base: () => platform.base });
});
