import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, describe, it } from 'mocha';
import { childElements, childNamed, parseXml, XmlFault } from '../core/xml.ts';
import { startLargeXml, largeXmlLimits, wrapperXmlLimits } from './large-xml.ts';

/** A record of about so many bytes, with everything that a tree holds. */
function recordOf(bytes: number): Buffer {
  const entry = (at: number) =>
    `<h:entry xmlns:h="urn:hl7-org:v3" h:n="${at}" use="a&lt;b"><text>Ünï&amp; ${'x'.repeat(60)}</text> tail</h:entry>`;
  let inside = '';
  for (let at = 0; inside.length < bytes; at++) inside += entry(at);
  return Buffer.from(
    `<record xmlns="urn:hl7-org:v3"><id root="1"/><subject>${inside}</subject></record>`,
  );
}

describe('large XML', () => {
  const reader = startLargeXml();
  after(() => reader.close());

  it('reads a part of a megabyte in the thread to the same tree as at once', async () => {
    const bytes = recordOf(1_000_000);
    assert.deepEqual(await reader.read(bytes), parseXml(bytes, largeXmlLimits));
  });

  it('reads parts of every size', async () => {
    for (const size of [10, 100_000, 600_000]) {
      const root = await reader.read(recordOf(size));
      assert.equal(root.name, 'record');
      assert.equal(childElements(root).length, 2);
    }
  });

  it('leaves out the content of what is only passed on', async () => {
    for (const size of [5_000, 100_000, 1_000_000]) {
      const how = { limits: wrapperXmlLimits, without: ['subject'] };
      const root = await reader.read(recordOf(size), how);
      assert.equal(childNamed(root, 'id')?.attributes.length, 1);
      assert.deepEqual(childNamed(root, 'subject')?.children, []);
    }
  });

  it('refuses in the thread as at once, and goes on', async () => {
    const bytes = recordOf(1_000_000);
    const deep = Buffer.from('<a>'.repeat(300_000));
    const entity = Buffer.concat([Buffer.from('<!DOCTYPE a [<!ENTITY b "c">]>'), bytes]);
    const kinds = { depth: deep, doctype: entity, syntax: bytes.subarray(0, 900_000) };
    const all = await Promise.allSettled(Object.values(kinds).map((one) => reader.read(one)));
    const found = all.map((one) =>
      one.status === 'rejected' && one.reason instanceof XmlFault ? one.reason.kind : 'read',
    );
    assert.deepEqual(found, Object.keys(kinds));
    assert.equal((await reader.read(bytes)).name, 'record');
    await assert.rejects(reader.read(recordOf(5_100_000)), { kind: 'size' });
  });

  it('builds megabytes without holding up the process for 50 ms', async () => {
    const bytes = recordOf(2_500_000);
    await reader.read(recordOf(600_000)); // the thread is up, the code is warm
    const waits: number[] = [];
    for (let run = 0; run < 2; run++) {
      const delay = monitorEventLoopDelay({ resolution: 5 });
      delay.enable();
      assert.equal((await reader.read(bytes)).name, 'record');
      delay.disable();
      waits.push(delay.percentile(99) / 1e6); // on a busy machine the rest is collecting garbage
    }
    assert.ok(Math.min(...waits) < 50, `${waits.join(', ')} ms`);
  });

  it('refuses what comes after it was closed', async () => {
    const closed = startLargeXml();
    const waiting = assert.rejects(closed.read(recordOf(600_000)), { kind: 'unavailable' });
    await closed.close();
    await waiting;
    await assert.rejects(closed.read(recordOf(600_000)), { kind: 'unavailable' });
  });
});
