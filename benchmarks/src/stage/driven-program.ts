import { DrivenSession, type DrivenSessionOptions } from './driven-session.js';

/** What the measuring process asks for; every question is answered once, in order. */
export type DrivenQuestion =
  | { readonly type: 'open'; readonly options: DrivenSessionOptions }
  | { readonly type: 'next' }
  | { readonly type: 'reply'; readonly frame: Parameters<DrivenSession['reply']>[1] };

/** A program for a process of its own: plays everybody but the measured participant, one session after another. */
let session: DrivenSession | undefined;

process.on('message', (question: DrivenQuestion) => {
  process.send!({ answer: answer(question) });
});

function answer(question: DrivenQuestion): unknown {
  if (question.type === 'open') {
    session = new DrivenSession(question.options);
    return session.optionsOf(session.measured);
  }
  if (session === undefined) throw new Error('no session was opened');
  return question.type === 'next' ? session.next() : session.reply(session.measured, question.frame);
}
