import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore, type EmbeddedStore } from '../../server/store/embedded.ts';
import type { Directory, MessageHandler } from './directory.ts';
import {
  expressIntermediary,
  intermediaryOf,
  persistDurationOf,
  reliableIntermediary,
} from './forwarding.ts';
import { endpointFaults, handlerFaults, withoutEndpoint } from './registration-rules.ts';
import { routeOf } from './routing.ts';
import { handlerEntry, partsOf, systemEntry } from './service-entries.ts';
import { openDirectory } from './stored-directory.ts';

const approval = {
  ...{ requestor: 'URP-1', requested: '20240101090000' },
  ...{ approver: 'URP-2', approved: '20240102090000' },
};
const product = { key: '1', name: 'Test system', version: '1.0' };
const service = 'urn:nhs:names:services:';
const gp2gp = `${service}gp2gp:RCMR_IN010000UK05`;
const structured = `${service}gpconnect:fhir:operation:gpc.getstructuredrecord-1`;

function handler(id: string, partyKey: string, interaction: string, endpoint: string) {
  return {
    ...{ id, cpaId: id, odsCode: partyKey.split('-')[0] ?? '', partyKey, interaction, product },
    ...partsOf(interaction),
    ...{ endpoints: [endpoint], fqdn: new URL(endpoint).hostname, actors: [] },
    interactionType: 'HL7',
  } satisfies MessageHandler;
}

describe('routing by the directory', () => {
  let dir: string;
  let store: EmbeddedStore;
  let directory: Directory;
  const query = { spineOrganisation: 'YES', odsCode: 'Y90001' };
  const put = (one: MessageHandler) =>
    directory.add(handlerEntry(one, { authenticated: 'none', template: '1' }, approval), 'test');

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'routing-'));
    store = await openEmbeddedStore({ dir });
    directory = openDirectory(store);
    const system = { clients: [], product, interactions: [gp2gp, structured] };
    const one = { asid: '200000000001', odsCode: 'Y90001', partyKey: 'Y90001-1', ...system };
    await directory.add(systemEntry(one, approval), 'test');
    const spine = { asid: '200000000009', odsCode: 'YES', partyKey: 'YES-1', ...system };
    const pds = { ...spine, interactions: [`${service}pds:PRPA_IN000203UK03`] };
    await directory.add(systemEntry(pds, approval), 'test');
    await put(handler('S1', 'Y90001-1', gp2gp, 'https://y90001.example.org/reliable'));
    await put(handler('S2', 'Y90001-1', structured, 'https://y90001.example.org/fhir'));
    await put(handler('S3', 'YES-1', `${service}pds:PRPA_IN000203UK03`, 'https://spine.test/sync'));
  });

  after(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('goes straight to the receiver where nothing forwards', async () => {
    const route = await routeOf(directory, { ...query, interaction: structured });
    assert.equal(route.address, 'https://y90001.example.org/fhir');
    assert.equal(route.forwarded, false);
    assert.equal(route.system.asid, '200000000001');
  });

  it('takes the national services where no organisation is given', async () => {
    const interaction = `${service}pds:PRPA_IN000203UK03`;
    const route = await routeOf(directory, { spineOrganisation: 'YES', interaction });
    assert.equal(route.address, 'https://spine.test/sync');
  });

  it('refuses to forward without exactly one intermediary, and then forwards the address only', async () => {
    const asked = routeOf(directory, { ...query, interaction: gp2gp });
    await assert.rejects(asked, { kind: 'internal' });
    await put(handler('S4', 'YES-1', reliableIntermediary, 'https://spine.test/reliable'));
    const route = await routeOf(directory, { ...query, interaction: gp2gp });
    assert.equal(route.address, 'https://spine.test/reliable');
    assert.equal(route.handler.cpaId, 'S1');
    const view = directory.in('two');
    await view.add(
      handlerEntry(
        handler('S5', 'YES-2', reliableIntermediary, 'https://other.test/reliable'),
        ...[{ authenticated: 'none', template: '1' } as const, approval],
      ),
      'test',
    );
    await assert.rejects(routeOf(view, { ...query, interaction: gp2gp }), { kind: 'internal' });
  });

  it('tells a missing system from a missing endpoint', async () => {
    const nowhere = routeOf(directory, { ...query, odsCode: 'Q99', interaction: gp2gp });
    await assert.rejects(nowhere, { kind: 'not-found', message: /no such system/ });
    const view = directory.in('less');
    await view.remove('uniqueIdentifier=S2,ou=Services,o=nhs', 'test');
    const asked = routeOf(view, { ...query, interaction: structured });
    await assert.rejects(asked, { kind: 'not-found', message: /no endpoint/ });
  });

  it('forwards by service and interaction both', () => {
    assert.equal(intermediaryOf(gp2gp), reliableIntermediary);
    assert.equal(intermediaryOf(`${service}ebs:PRSC_IN080000UK03`), expressIntermediary);
    assert.equal(intermediaryOf(`${service}pds:RCMR_IN010000UK05`), undefined);
    assert.equal(intermediaryOf(`${service}gp2gp:RCMR_IN010000UK06`), undefined);
  });

  it('remembers ids as long as each service asks', () => {
    assert.equal(persistDurationOf(`${service}gp2gp:COPC_IN000001UK01`), 'PT7H');
    assert.equal(persistDurationOf(`${service}mm:PORX_IN070101UK31`), 'PT1H30M');
    assert.equal(persistDurationOf(`${service}mm:PORX_IN020101UK31`), 'PT5M');
    assert.equal(persistDurationOf(`${service}nothing:X`), undefined);
  });
});

describe('the rules between registered entries', () => {
  const one = handler('S1', 'Y90001-1', structured, 'https://y90001.example.org/fhir');

  it('want the host of each endpoint to be the FQDN, and a FHIR base without more', () => {
    assert.deepEqual(endpointFaults(one), []);
    const faults = (...endpoints: string[]) =>
      endpointFaults({ ...one, interactionType: 'FHIR', endpoints }).length;
    assert.equal(faults(), 1);
    assert.equal(faults('https://else.example.org/fhir'), 1);
    assert.equal(faults('https://y90001.example.org/fhir/'), 1);
    assert.equal(faults('https://y90001.example.org/fhir?a=b#c'), 2);
    assert.equal(faults('https://a:b@y90001.example.org/fhir'), 1);
    assert.equal(faults('mailto:x', '/fhir'), 2);
    assert.deepEqual(endpointFaults({ ...one, fqdn: 'https://Y90001.example.org/' }), []);
  });

  it('want one endpoint for each interaction of a party key, and one for each that is received', () => {
    const twin = { ...one, id: 'S2', partyKey: 'y90001-1' };
    assert.equal(handlerFaults(one, [twin]).length, 1);
    assert.deepEqual(handlerFaults(one, [one]), []);
    assert.equal(handlerFaults({ ...one, action: 'x' }, []).length, 1);
    assert.deepEqual(withoutEndpoint(one, [structured, gp2gp], [twin]), [gp2gp]);
  });
});
