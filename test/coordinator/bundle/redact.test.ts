import { redacted } from '@concordat/coordinator';
import { expect } from 'chai';

describe('what is taken out of a text for somebody outside', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['a PEM block', 'a\n-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\nb', 'a\n[PEM removed]\nb'],
    ['a PEM block that is cut off', '-----BEGIN EC KEY-----\nMC4CAQ', '[PEM removed]'],
    ['a password in an address', 'postgres://fl:hunter2@db.example.org/fl', 'postgres://[removed]@db.example.org/fl'],
    ['a value that is called one', '{"password": "hunter2", "port": 7443}', '{"password": "[removed]", "port": 7443}'],
    ['a header', 'Authorization: Bearer abc.def', 'Authorization: [removed]'],
    ['an assignment', 'CONCORDAT_TOKEN=abc next', 'CONCORDAT_TOKEN=[removed] next'],
    ['32 bytes as base64url', `key ${'aB3_'.repeat(11)} end`, 'key aB3_aB3_… end'],
    ['32 bytes as hex', `${'0f'.repeat(32)}`, '0f0f0f0f…'],
  ];
  for (const [what, text, wanted] of cases) it(what, () => expect(redacted(text)).to.equal(wanted));

  it('leaves names, times, correlation ids and sentences', () => {
    for (const text of [
      '{"correlationId":"26f17a47bd813bcc","at":"2026-11-28T20:24:41.727Z","share":0.1}',
      'concordat_participants_connected_to_the_coordinator 5',
      'docs/operating.md and /var/lib/concordat/consortium/coordinator/store',
      'upload: 4 of 5 masked updates are here, without gamma; a sum is over exactly these',
    ]) {
      expect(redacted(text)).to.equal(text);
    }
  });
});
