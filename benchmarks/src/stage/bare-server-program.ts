import { forgetPeak, type ResidentBytes, residentBytes } from './memory.js';
import { serveHttp2 } from './raw-lines.js';
import type { TlsParties } from './tls-parties.js';

/** What the measuring process asks of a server that does nothing but move bytes; every question is answered once, in order. */
export type BareServerQuestion =
  | { readonly type: 'open'; readonly parties: TlsParties; readonly windowBytes: number }
  | { readonly type: 'idle' }
  | { readonly type: 'memory' };

process.once('disconnect', () => process.exit());
process.on('message', (question: BareServerQuestion) => {
  void answer(question).then((said) => process.send!({ answer: said }));
});

async function answer(question: BareServerQuestion): Promise<number | ResidentBytes> {
  if (question.type === 'open') return serveHttp2(question.parties, question.windowBytes);
  if (question.type === 'idle') forgetPeak(process.pid);
  return residentBytes(process.pid);
}
