import assert from 'node:assert/strict';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('the start page', () => {
  let platform: TestPlatform;
  before(async function () {
    this.timeout(30_000);
    platform = await startTestPlatform({
      withoutDefaults: true,
      environment: { INSTALLATION: 'live', PUBLIC_URL: 'https://gatehouse.example' },
    });
  });
  after(() => platform.end());

  it('says what runs where with links that work, and has a skip link first', async () => {
    const page = await fetch(platform.url);
    const html = await page.text();
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.equal(/<a [^>]*>/.exec(html)?.[0], '<a class="nhsuk-skip-link" href="#main">');
    const links = [...html.matchAll(/<li><a href="([^"]+)"/g)].map(([, link]) => link ?? '');
    assert.ok(links.length >= 4);
    for (const link of links) assert.equal((await fetch(platform.url + link)).status, 200, link);
    assert.equal((await fetch(`${platform.url}/style.css`)).status, 200);
  });

  it('tells that a page is not there, and that an address cannot be read', async () => {
    assert.equal((await fetch(`${platform.url}/nowhere`)).status, 404);
    const unreadable = await fetch(`${platform.url}/%c3%28`);
    assert.ok([400, 404].includes(unreadable.status));
    assert.doesNotMatch(await unreadable.text(), /Error:|\.[jt]s:/);
  });

  it('tells a program in its own words that no API is there', async () => {
    for (const path of ['/nothing', '/env/int/nothing', '/env/nope/hello-world']) {
      const response = await fetch(platform.url + path, { headers: { accept: '*/*' } });
      assert.equal(response.status, 404);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      const { detail } = (await response.json()) as { detail: string };
      assert.match(detail, /No API is deployed at this address/);
    }
  });

  it('is no sandbox without its name when the installation is live', async () => {
    const path = '/personal-demographics/FHIR/R4/_ping';
    assert.equal((await fetch(platform.url + path)).status, 404);
    assert.equal((await fetch(`${platform.url}/env/sandbox${path}`)).status, 200);
  });
});
