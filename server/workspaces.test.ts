import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { openEmbeddedStore, type EmbeddedStore } from './store/embedded.ts';
import { openWorkspaces, type Workspaces } from './workspaces.ts';

describe('workspaces', () => {
  let dir: string;
  let store: EmbeddedStore;
  let workspaces: Workspaces;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-workspaces-'));
    store = await openEmbeddedStore({ dir });
    workspaces = await openWorkspaces(store, systemClock);
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  const gone = /no such workspace/;

  it('lets no call begin in one that is being removed', async () => {
    const { id } = await workspaces.create('mine', 'here');
    const removing = workspaces.remove(id);
    assert.throws(() => workspaces.get(id), gone);
    await removing;
    assert.throws(() => workspaces.get(id), gone);
  });

  it('drops what a call that had begun writes while one is removed', async () => {
    const { id } = await workspaces.create('mine', 'here');
    const view = store.open<string>({ name: 'notes', overlaid: true }).in(id);
    await view.put('a', 'before', { expected: 0 });
    const removing = workspaces.remove(id);
    await Promise.all([removing, view.put('b', 'meanwhile', { expected: 0 })]);
    assert.equal(await store.changed(id), 0);
  });

  it('does not bring one back that is removed while it is reset', async () => {
    const { id } = await workspaces.create('mine', 'here');
    await Promise.allSettled([workspaces.reset(id), workspaces.remove(id)]);
    assert.throws(() => workspaces.get(id), gone);
    const reopened = await openWorkspaces(store, systemClock);
    assert.throws(() => reopened.get(id), gone);
  });
});
