import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { Problem } from '../../../core/problem.ts';
import { Upload } from './request-body.ts';
import { createRunningCalls } from './running-calls.ts';
import { CallerGone, TargetCall, type CallTerms } from './target-call.ts';

function callWith(terms: Partial<CallTerms> = {}) {
  return new TargetCall({
    method: 'POST',
    timeout: 10_000,
    started: performance.now(),
    upload: undefined,
    gone: () => new AbortController().signal,
    running: createRunningCalls(10_000),
    ended: () => undefined,
    ...terms,
  });
}

const problem = (kind: string) => (error: unknown) =>
  error instanceof Problem && error.kind === kind;
const turn = () => new Promise(setImmediate);

describe('a call to a back end that is looked at', () => {
  it('ends when its deadline will have passed at the next look, and not before', async () => {
    const call = callWith();
    const began = performance.now();
    call.look(began + 9_000);
    call.look(began + 10_100);
    await assert.rejects(call.answer, problem('timeout'));
  });

  it('waits for a body for as long as its caller sends it, and then for the back end', async () => {
    const source = new Readable({ read: () => undefined });
    const upload = new Upload(source);
    upload.resume();
    await turn();
    const call = callWith({ upload });
    const began = performance.now();
    call.look(began + 11_000);
    call.look(began + 25_000);
    source.push(null);
    await turn();
    call.look(began + 30_000);
    call.look(began + 36_000);
    await assert.rejects(call.answer, problem('timeout'));
  });

  it('ends as too slow when its caller lets the body lie', async () => {
    const upload = new Upload(new Readable({ read: () => undefined }));
    upload.resume();
    await turn();
    const call = callWith({ upload });
    call.look(performance.now() + 31_000);
    await assert.rejects(call.answer, problem('too-slow'));
    assert.equal(upload.destroyed, true);
  });

  it('ends when its caller has gone, before or after the first look', async () => {
    const gone = callWith({ gone: () => AbortSignal.abort() });
    gone.look(performance.now());
    await assert.rejects(gone.answer, CallerGone);
    const leaving = new AbortController();
    const call = callWith({ gone: () => leaving.signal });
    call.look(performance.now());
    leaving.abort();
    await assert.rejects(call.answer, CallerGone);
  });

  it('leaves the connection it waited for to others', async () => {
    const call = callWith();
    call.end(new Problem('timeout', 'late'));
    await assert.rejects(call.answer, problem('timeout'));
    const controller = {
      aborted: false,
      paused: false,
      reason: null,
      abort: () => assert.fail('the connection would be closed'),
      pause: () => undefined,
      resume: () => undefined,
    };
    assert.throws(() => {
      call.onRequestStart(controller);
    }, problem('timeout'));
  });
});

describe('a streamed answer', () => {
  const controller = {
    paused: false,
    ...{ abort: () => undefined, pause: () => undefined, resume: () => undefined },
  };

  it('keeps its failure for whoever will read it, and ends no process meanwhile', async () => {
    const call = callWith();
    call.onResponseStart(controller, 200, []);
    const { body } = await call.answer;
    assert.ok(body instanceof Readable);
    call.onResponseData(controller, Buffer.from('begun'));
    await turn();
    call.onResponseError(new Error('reset'));
    await turn();
    await assert.rejects(body.toArray(), /reset/);
  });

  it('keeps it also when its caller has gone before', async () => {
    const leaving = new AbortController();
    const call = callWith({ gone: () => leaving.signal });
    call.onResponseStart(controller, 200, []);
    const { body } = await call.answer;
    call.look(performance.now());
    leaving.abort();
    await turn();
    assert.ok(body instanceof Readable);
    await assert.rejects(body.toArray(), CallerGone);
  });
});
