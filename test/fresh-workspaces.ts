/** One platform for a file of journeys, and a workspace of its own for each test, so that no test sees another's writes. */
import { call, startTestPlatform, type TestPlatform } from './start-platform.ts';

/** Registers the hooks; `use` is handed what the next test works with. Call it inside a `describe`. */
export function inFreshWorkspaces(use: (platform: TestPlatform, workspace: string) => void): void {
  let platform: TestPlatform;
  let workspace: string;
  const workspaces = () => `${platform.url}/_sandbox/workspaces`;
  before(async function () {
    this.timeout(30_000);
    platform = await startTestPlatform();
  });
  after(() => platform.end());
  beforeEach(async () => {
    const made = await call(workspaces(), { method: 'POST', body: {} });
    workspace = made.json.id;
    use(platform, workspace);
  });
  afterEach(() => call(`${workspaces()}/${workspace}`, { method: 'DELETE' }));
}
