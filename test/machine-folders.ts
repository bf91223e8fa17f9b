/** Data folders of machines whose first start has little to make: keys and demo files that would take long, and few people. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../core/log.ts';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { publishedRecords } from '../fhir/synthetic/default-data.ts';
import { randomKey, writeSecretFile } from '../server/key-files.ts';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { openMongoStore } from '../server/store/mongo.ts';
import { root } from './start-platform.ts';
import { testKey } from './token-ground.ts';

/** So that only the published people are loaded beside: with all, each search of the test server is slow. */
export async function leaveOnePerson(url: string): Promise<void> {
  const log: Log = { log: () => undefined, child: () => log };
  const store = await openMongoStore({ url, log });
  const last =
    publishedRecords(join(root, 'fixtures')).at(-1) ?? assert.fail('nobody is published');
  await store.open(patientCollection).put(last.patient.id, last, { expected: 0 });
  await store.close();
}

/** Keys and demo files that a first start would take long to make. */
export function prepareFolder(folder: string): void {
  for (const name of ['pepper', 'sealing', 'api-secrets', 'mesh'])
    randomKey(join(folder, 'keys', `${name}.key`));
  writeSecretFile(join(folder, 'keys', 'status-api.key'), 'the status key of both machines');
  writeSecretFile(join(folder, 'keys', 'mesh-shared-production.key'), 'the shared key of both');
  writeSecretFile(join(folder, 'keys', 'nhs-login-client.pem'), testKey(0));
  for (const kind of ['nhs-cis2', 'nhs-login'])
    for (const number of [1, 2])
      writeSecretFile(join(folder, 'keys', 'simulated', `${kind}-${number}.pem`), testKey(1));
  for (const environment of ['sandbox', 'int']) {
    writeSecretFile(join(folder, 'demo', `demo-${environment}.pem`), testKey(0));
    writeSecretFile(join(folder, 'demo', `demo-${environment}-2.pem`), testKey(1));
    writeSecretFile(
      join(folder, 'demo', `demo-${environment}.secret`),
      'a secret of both machines',
    );
  }
}

/** A data folder whose first start has little to make. */
export async function preparedFolder(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-workers-'));
  const store = await openEmbeddedStore({ dir });
  for (const mark of ['default-data', 'default-directory']) await store.setMark(mark, 'finished');
  await store.close();
  writeSecretFile(join(dir, 'keys', 'nhs-login-client.pem'), testKey(0));
  for (const [i, name] of ['sandbox', 'sandbox-2', 'int', 'int-2'].entries())
    writeSecretFile(join(dir, 'demo', `demo-${name}.pem`), testKey(i % 2));
  for (const number of [1, 2])
    writeSecretFile(join(dir, 'keys', 'simulated', `nhs-cis2-${number}.pem`), testKey(number));
  return dir;
}
