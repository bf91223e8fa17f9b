import assert from 'node:assert/strict';
import type { Facts } from '../../core/exchange.ts';
import type { HeardCall } from './heard.ts';
import { createMeters } from './meters.ts';
import { callFamilies, renderMetrics } from './metrics.ts';
import { createTallies } from './tallies.ts';

const mount = { api: 'hello-world', environment: 'production' };

function call(status: number, facts: Partial<Facts> = {}, milliseconds = 3): HeardCall {
  return {
    method: 'GET',
    facts: { people: [], route: 'GET /hello/:id', ...facts },
    sent: { status, bytes: 10, complete: true },
    milliseconds,
  };
}

function metersOf(...calls: HeardCall[]) {
  const meters = createMeters();
  for (const one of calls) {
    meters.began(mount);
    meters.ended(one, mount);
  }
  return meters;
}

const text = (...lists: ReturnType<typeof callFamilies>[]) => renderMetrics(lists);

describe('metrics', () => {
  it('writes a histogram for each operation, method and status class', async () => {
    const told = await text(callFamilies(metersOf(call(200), call(200, {}, 300), call(404))));
    const labels =
      'api="hello-world",environment="production",operation="GET /hello/{id}",method="GET",status_class="2xx"';
    const name = 'http_server_request_duration_seconds';
    assert.ok(told.includes(`# TYPE ${name} histogram`));
    for (const line of [
      `${name}_bucket{${labels},le="0.0025"} 0`,
      `${name}_bucket{${labels},le="0.005"} 1`,
      `${name}_bucket{${labels},le="0.5"} 2`,
      `${name}_bucket{${labels},le="+Inf"} 2`,
      `${name}_sum{${labels}} 0.303`,
      `${name}_count{${labels}} 2`,
    ])
      assert.ok(told.includes(`${line}\n`), line);
    assert.match(told, /_count\{.*status_class="4xx"\} 1/);
  });

  it('names the base of an API as a path, and what matched no operation as other', async () => {
    const meters = metersOf(call(200, { route: 'GET ' }));
    meters.ended({ ...call(404), facts: { people: [] } }, mount);
    const told = await text(callFamilies(meters));
    assert.match(told, /operation="GET \/",method="GET"/);
    assert.match(told, /operation="other",method="GET"/);
  });

  it('tells what the back end took from what the gateway added', async () => {
    const target = { milliseconds: 80, status: 200, retries: 0 };
    const told = await text(callFamilies(metersOf(call(200, { target }, 100))));
    const place = 'api="hello-world",environment="production"';
    assert.ok(told.includes(`gateway_overhead_seconds_sum{${place}} 0.02\n`));
    assert.ok(told.includes(`gateway_target_duration_seconds_sum{${place}} 0.08\n`));
  });

  it('counts refusals by phase, code and limit', async () => {
    const told = await text(
      callFamilies(
        metersOf(
          call(429, { limit: 'app', code: 'TOO_MANY_REQUESTS' }),
          call(429, { limit: 'proxy-spike-2', code: 'TOO_MANY_REQUESTS' }),
          call(401, { code: 'ACCESS_DENIED' }),
        ),
      ),
    );
    const place = 'api="hello-world",environment="production"';
    for (const line of [
      `gateway_rate_limited_total{${place},limit="app_quota"} 1`,
      `gateway_rate_limited_total{${place},limit="proxy_spike"} 1`,
      `gateway_faults_total{${place},phase="limit",code="TOO_MANY_REQUESTS"} 2`,
      `gateway_faults_total{${place},phase="authenticate",code="ACCESS_DENIED"} 1`,
      `gateway_requests_total{${place},status_class="4xx",access_mode="open"} 3`,
    ])
      assert.ok(told.includes(`${line}\n`), line);
  });

  it('adds up what several processes counted', async () => {
    const told = await text(
      callFamilies(metersOf(call(200))),
      callFamilies(metersOf(call(200), call(200))),
    );
    assert.match(told, /http_server_request_duration_seconds_count\{.*\} 3\n/);
  });

  it('never names an app, and keeps to few labels whatever callers send', async () => {
    const meters = createMeters();
    const caller = {
      appId: 'APP-1',
      appName: 'x',
      mode: 'app' as const,
      scopes: [],
      grants: new Set<string>(),
    };
    for (let i = 0; i < 2_000; i++) {
      meters.began(mount);
      meters.ended(
        { ...call(200, { caller, route: `GET /made-up-${i}` }), method: `M${i}` },
        mount,
      );
    }
    const told = await text(callFamilies(meters));
    assert.ok(!told.includes('APP-1'));
    assert.equal(told.match(/duration_seconds_count/g)?.length, 501);
    assert.match(told, /operation="other",method="_OTHER",status_class="2xx"\} 1500\n/);
  });

  it('knows how many calls are being answered', async () => {
    const meters = metersOf(call(200));
    meters.began(mount);
    assert.match(await text(callFamilies(meters)), /gateway_in_flight\{[^}]*\} 1\n/);
  });

  it('bounds the labels of other counters too', async () => {
    const tallies = createTallies();
    for (let i = 0; i < 600; i++) tallies.add('things_total', 'Things.', { kind: `k${i}` });
    const told = await renderMetrics([tallies.families()]);
    assert.ok(told.includes('things_total{kind="other"} 100\n'));
  });
});
