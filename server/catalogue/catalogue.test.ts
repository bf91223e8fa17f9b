import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../core/problem.ts';
import type { Collection, Store, Stored } from '../../core/store.ts';
import { openEmbeddedStore } from '../store/embedded.ts';
import { openCatalogue } from './catalogue.ts';
import { productCollection, type Product } from './products.ts';

const product = (name: string): Product => ({
  ...{ id: 'p', name, description: '', apis: [], scopes: ['s'], approval: 'automatic' },
});

describe('the catalogue in memory', () => {
  let dir: string;
  let store: Store;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-catalogue-'));
    store = await openEmbeddedStore({ dir });
    await store.open(productCollection).put('p', product('first'), { expected: 0 });
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  /** The store, with another way to read one document. */
  const reading = (get: Collection<unknown>['get']): Store => ({
    ...store,
    open: <T>(definition: Parameters<typeof store.open<T>>[0]) => ({
      ...store.open(definition),
      get: get as Collection<T>['get'], // the documents are those of the real collection
    }),
  });
  const products = () => store.open(productCollection);

  it('keeps what it holds while the store is away, and reads on when it is back', async () => {
    let failures = 0;
    let told = 0;
    const away = reading((id) => {
      if (failures++ < 2) return Promise.reject(new Problem('unavailable', 'away'));
      told++;
      return products().get(id);
    });
    const catalogue = await openCatalogue(away);
    await products().put('p', product('second'), { expected: 1 });
    await turns();
    assert.equal(catalogue.product('p')?.name, 'first');
    while (told === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await turns();
    assert.equal(catalogue.product('p')?.name, 'second');
    catalogue.close();
  });

  it('drops what cannot be read for another reason', async () => {
    const catalogue = await openCatalogue(
      reading(() => Promise.reject(new Problem('internal', 'damaged'))),
    );
    await products().put('p', product('second'), { expected: 1 });
    await turns();
    assert.equal(catalogue.product('p'), undefined);
    catalogue.close();
  });

  it('keeps the newest of two readings, whichever is answered first', async () => {
    const answers: ((stored: Stored<unknown> | undefined) => void)[] = [];
    const slow = reading(() => new Promise((resolve) => answers.push(resolve)));
    const catalogue = await openCatalogue(slow);
    const second = await products().put('p', product('second'), { expected: 1 });
    const third = await products().put('p', product('third'), { expected: 2 });
    answers[1]?.(third);
    await turns();
    answers[0]?.(second);
    await turns();
    assert.equal(catalogue.product('p')?.name, 'third');
    catalogue.close();
  });
});

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
