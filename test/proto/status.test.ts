import { errorCodes, FederatedError, refusal } from '@concordat/core';
import { errorFromWire, errorToWire, exitCodeOf, statusTable } from '@concordat/proto';
import { expect } from 'chai';
import fc from 'fast-check';

const through = (error: unknown): FederatedError => errorFromWire(errorToWire(error));
const facts = ({ code, message, detail, fix }: FederatedError) => ({ code, message, detail, fix });

describe('the table of statuses', () => {
  it('has a row for every code', () => {
    expect(Object.keys(statusTable).sort()).to.deep.equal([...errorCodes].sort());
  });

  it('gives exit 0 for success and 5 for what is not ours', () => {
    expect(exitCodeOf()).to.equal(0);
    expect(exitCodeOf(new FederatedError('deadline', 'late'))).to.equal(3);
    expect(exitCodeOf(new FederatedError('invalid-argument', 'what?'))).to.equal(4);
    expect(exitCodeOf(new TypeError('bug'))).to.equal(5);
  });
});

describe('an error on the wire', () => {
  for (const code of errorCodes) {
    it(`keeps ${code}, message, detail and fix`, () => {
      const error = new FederatedError(code, 'too few', {
        detail: { required: 5, offered: 3, ready: true, awaited: ['beta'] },
        fix: 'Wait.',
      });
      expect(facts(through(error))).to.deep.equal(facts(error));
    });
  }

  it('keeps a refusal’s rule', () => {
    const error = refusal('cohort.min', 'the cohort is too small', { required: 5, offered: 3 });
    expect(through(error).detail).to.deep.equal({ rule: 'cohort.min', required: 5, offered: 3 });
  });

  it('tells nothing of an exception that is not ours', () => {
    const wire = errorToWire(new TypeError('secret in /home/alice/key'));
    expect(wire.code).to.equal(13);
    expect(wire.details + Buffer.from(wire.envelope).toString()).to.not.include('secret');
    expect(facts(errorFromWire(wire))).to.include({ code: 'internal', message: 'internal error' });
  });

  it('never carries characters that a terminal would obey, in either direction', () => {
    const hostile = '\u001b[2J\u009b31m\u202eevil\r\n\ud800';
    const error = new FederatedError('refused', hostile, { fix: hostile, detail: { rule: hostile, list: [hostile] } });
    const sent = errorToWire(error);
    expect(() => encodeURI(sent.details)).to.not.throw();
    const envelope = Buffer.from(
      JSON.stringify({ code: 'refused', message: hostile, fix: hostile, detail: { rule: hostile } }),
    );
    for (const received of [
      through(error),
      errorFromWire({ code: 9, details: hostile }),
      errorFromWire({ code: 9, details: '', envelope }),
    ]) {
      expect(JSON.stringify(facts(received))).to.not.match(/\\u001b|\\u009b|\u009b|\u202e|\\r|\\n|\\ud800/);
    }
  });

  it('fits into a header list however long its text', () => {
    const detail = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, 'ü'.repeat(1000)]));
    const wire = errorToWire(new FederatedError('refused', 'ü'.repeat(5000), { detail, fix: 'ü'.repeat(5000) }));
    expect(wire.envelope.length).to.be.at.most(6144);
    expect(wire.details).to.have.length(1024);
    expect(errorFromWire(wire).message).to.equal('ü'.repeat(1024));
  });

  it('has a meaning when gRPC or a foreign program made it', () => {
    const codeOf = (code: number, details = '') => errorFromWire({ code, details }).code;
    expect(codeOf(14)).to.equal('unavailable');
    expect(codeOf(4)).to.equal('deadline');
    expect(codeOf(16)).to.equal('unauthenticated');
    expect(codeOf(12)).to.equal('protocol');
    expect(codeOf(13)).to.equal('internal');
    expect(codeOf(13, 'Received RST_STREAM with code 2')).to.equal('unavailable');
    expect(codeOf(99)).to.equal('internal');
  });

  it('comes out clean of whatever a peer put into the envelope', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 100 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (envelope) => {
          expect(errorFromWire({ code: 9, details: 'x', envelope })).to.be.instanceOf(FederatedError);
        },
      ),
      { seed: 8, numRuns: 1000 },
    );
    const envelope = Buffer.from(
      '{"code":"refused","message":"m","detail":{"__proto__":{"a":1},"o":{},"n":null,"ok":1}}',
    );
    expect(errorFromWire({ code: 9, details: '', envelope }).detail).to.deep.equal({ ok: 1 });
  });
});
