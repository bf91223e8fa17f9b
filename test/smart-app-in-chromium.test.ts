/**
 * A SMART app as it is published: fhirclient's browser file on a page of its own origin, in Chromium, against the running
 * server. Standalone launch by a patient, and a launch from the page of a healthcare worker.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { appCollection, type App } from '../server/catalogue/apps.ts';
import { subscriptionCollection } from '../server/catalogue/products.ts';
import { fhirclientFile, lacking, moving, pageFaults, signInAs, startBrowser } from './browser.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const clientId = 'app-in-chromium';

describe('a SMART app in Chromium', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let browser: Browser;
  let app: Server;
  let origin: string;
  let fhir: string;

  before(async function () {
    const reason = lacking('chromium', 'fhirclient');
    if (reason !== undefined) {
      this.test?.parent?.tests.forEach((test) => (test.title += ` (${reason})`));
      this.skip();
    }
    platform = await startTestPlatform();
    fhir = `${platform.url}/fhir/R4`;
    app = createServer((request, response) => {
      const file = new URL(request.url ?? '/', 'http://app').pathname;
      const [type, body] = appFile(file, fhir);
      response.writeHead(200, { 'content-type': type }).end(body);
    });
    await new Promise<void>((done) => app.listen(0, done));
    origin = `http://localhost:${(app.address() as AddressInfo).port}`;
    await register(platform, origin);
    browser = await startBrowser();
  });
  after(async () => {
    // skipped, none of them was started
    await (browser as Browser | undefined)?.close();
    (app as Server | undefined)?.close();
    await (platform as TestPlatform | undefined)?.end();
  });

  const newPage = async (): Promise<Page> => (await browser.newContext()).newPage();

  it('is started by a patient, who signs in, agrees, and sees their own record', async () => {
    const page = await newPage();
    await page.goto(`${origin}/launch.html?iss=${encodeURIComponent(fhir)}`);
    await chooseProvider(page, 'nhs-login');
    assert.deepEqual(await pageFaults(page), []);
    await signInAs(page, '9912003071');
    assert.deepEqual(await pageFaults(page), []);
    await allow(page);
    await page.waitForSelector('#result');
    const shown = JSON.parse(await page.innerText('#result')) as Record<string, unknown>;
    assert.deepEqual(
      [shown.patient, shown.family, shown.user],
      ['9912003071', 'TEST', `${fhir}/Patient/9912003071`],
    );
  });

  it('is launched from the page of a worker, who has picked the patient', async () => {
    const page = await newPage();
    await page.goto(`${platform.url}/smart/launch`);
    await signInAs(page, '656005750108');
    assert.deepEqual(await pageFaults(page), []);
    await page.fill('input[name="number"]', '9000000009');
    await press(page, 'button[value="find"]');
    assert.deepEqual(await pageFaults(page), []);
    await page.check('input[name="patient"]');
    await page.selectOption('select[name="app"]', clientId);
    await press(page, 'button[value="launch"]');
    await allow(page);
    await page.waitForSelector('#result');
    const shown = JSON.parse(await page.innerText('#result')) as Record<string, unknown>;
    assert.deepEqual([shown.patient, shown.family], ['9000000009', 'Smith']);
  });

  it('is told in its own page that the person did not agree', async () => {
    const page = await newPage();
    await page.goto(`${origin}/launch.html?iss=${encodeURIComponent(fhir)}`);
    await chooseProvider(page, 'nhs-login');
    await signInAs(page, '9912003071');
    await press(page, 'button[value="deny"]');
    await page.waitForSelector('#error');
    assert.match(await page.innerText('#error'), /access_denied|denied|did not/i);
  });
});

/** An app for workers and patients may be used by either: the person says which of the two. */
async function chooseProvider(page: Page, provider: string): Promise<void> {
  await page.waitForSelector('#kc-form-login, main form, main a[href]');
  if (await page.$('#kc-form-login')) return;
  const choice = await page.$(`button[value="${provider}"], a[href*="${provider}"]`);
  assert.ok(choice, `the page offers no ${provider}: ${await page.innerText('main')}`);
  await moving(page, () => choice.click());
}

async function allow(page: Page): Promise<void> {
  await page.waitForSelector('button[value="allow"]');
  await press(page, 'button[value="allow"]');
}

async function press(page: Page, button: string): Promise<void> {
  await moving(page, () => page.click(button));
}

/** The files of the app: a launch page, a page to come back to, and the published library. */
function appFile(path: string, fhir: string): [string, string] {
  if (path === '/fhir-client.js') return ['text/javascript', readFileSync(fhirclientFile, 'utf8')];
  const script =
    path === '/launch.html'
      ? `FHIR.oauth2.authorize({
           clientId: '${clientId}',
           scope: new URLSearchParams(location.search).has('launch')
             ? 'launch openid fhirUser user/Patient.rs patient/Patient.rs'
             : 'launch/patient openid fhirUser patient/Patient.rs',
           redirectUri: '/app.html',
           pkceMode: 'required',
         }).catch(show);`
      : `FHIR.oauth2.ready().then(async (client) => {
           const patient = await client.patient.read();
           const name = patient.name.find((one) => one.use === 'usual') || patient.name[0];
           const result = document.createElement('pre');
           result.id = 'result';
           result.textContent = JSON.stringify({
             patient: client.patient.id, family: name.family, user: client.getFhirUser() && '${fhir}/' + client.getFhirUser().replace('${fhir}/', ''),
           });
           document.body.append(result);
         }).catch(show);`;
  return [
    'text/html',
    `<!doctype html><html lang="en"><title>App</title><body>
<script src="/fhir-client.js"></script>
<script>function show(error) { const p = document.createElement('p'); p.id = 'error'; p.textContent = String(error); document.body.append(p); }
${script}</script></body></html>`,
  ];
}

/** Puts the app into the sandbox, for workers and patients, with the SMART product. */
async function register({ store }: TestPlatform, origin: string): Promise<void> {
  const app: App = {
    id: clientId,
    name: 'App in Chromium',
    description: 'A page with fhirclient',
    owner: 'Y90001',
    kinds: ['patient-facing', 'point-of-care'],
    contact: 'app@example.org',
    created: 0,
    registrations: {
      sandbox: {
        clientId,
        state: 'approved',
        secrets: [],
        keys: undefined,
        redirectUris: [`${origin}/app.html`],
        origins: [],
        launchUrl: `${origin}/launch.html`,
        smartAuthentication: 'none',
        providerClients: [],
        asid: '200000001999',
        attributes: {},
        switches: { shorterLifetimes: false },
      },
    },
  };
  await store.open(appCollection).put(app.id, app, { expected: 0 });
  const subscription = {
    id: `${clientId}.sandbox.pds-smart`,
    appId: clientId,
    productId: 'pds-smart',
    environment: 'sandbox' as const,
    state: 'active' as const,
    requestedBy: 'test',
    requested: 0,
  };
  await store.open(subscriptionCollection).put(subscription.id, subscription, { expected: 0 });
}
