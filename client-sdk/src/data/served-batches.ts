import type { MessagePort } from 'node:worker_threads';
import { errorOf, type PlainError, plainError } from '../trainer/plain-error.js';
import type { DataSet } from './data-set.js';
import type { StreamedRecords } from './examples.js';

/** What the thread that trains asks for: the next batch of a pass. Of an earlier pass nothing is wanted any more. */
interface BatchQuestion {
  readonly pass: number;
  readonly examples: number;
}

type BatchAnswer = { readonly batch: DataSet } | { readonly end: true } | { readonly error: PlainError };

/** Serve the batches of records of this thread to another one, one for each question, so that nothing is read ahead. */
export function serveBatches(records: StreamedRecords, port: MessagePort): void {
  let pass = 0;
  let batches: AsyncIterator<DataSet> | undefined;
  const answer = async (question: BatchQuestion): Promise<BatchAnswer> => {
    if (question.pass !== pass) {
      await batches?.return?.();
      batches = records.batches(question.examples)[Symbol.asyncIterator]();
      pass = question.pass;
    }
    const { done, value } = await batches!.next();
    return done === true ? { end: true } : { batch: value };
  };
  let last: Promise<unknown> = Promise.resolve();
  port.on('message', (question: BatchQuestion) => {
    last = last
      .then(() => answer(question))
      .catch((error: unknown): BatchAnswer => ({ error: plainError(error) }))
      .then((found) => port.postMessage(found));
  });
  port.on('close', () => void last.then(() => batches?.return?.()).catch(() => undefined));
  // The work of the thread that asks keeps the process alive, where anything does.
  port.unref();
}

/** The batches that another thread serves. One pass at a time: a new one ends the one before. */
export function servedBatches(port: MessagePort): StreamedRecords['batches'] {
  let passes = 0;
  return async function* (examples) {
    const pass = ++passes;
    for (;;) {
      const answer = await asked(port, { pass, examples });
      if ('error' in answer) throw errorOf(answer.error);
      if ('end' in answer) return;
      yield answer.batch;
    }
  };
}

function asked(port: MessagePort, question: BatchQuestion): Promise<BatchAnswer> {
  return new Promise((resolve) => {
    port.once('message', resolve);
    port.postMessage(question);
  });
}
