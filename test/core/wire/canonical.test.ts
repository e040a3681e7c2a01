import { canonicalJson, FederatedError, parseCanonical, toHex, utf8Decode, utf8Encode } from '@concordat/core';
import { expect } from 'chai';
import fc from 'fast-check';

const printed = (value: unknown): string => utf8Decode(canonicalJson(value));

describe('canonical JSON', () => {
  // Parsed from the very text of the RFC, so that its escapes and digits are the ones tested.
  it('gives the bytes of RFC 8785 §3.2.4 for the text of §3.2.2', () => {
    const source = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50,
                  2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    const expected = `
      7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72
      75 65 2c 66 61 6c 73 65 5d 2c 22 6e 75 6d 62 65 72 73 22 3a
      5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31
      65 2b 33 30 2c 34 2e 35 2c 30 2e 30 30 32 2c 31 65 2d 32 37
      5d 2c 22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30
      30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d`;
    expect(toHex(canonicalJson(JSON.parse(source)))).to.equal(expected.replace(/\s/g, ''));
  });

  it('sorts the names of RFC 8785 §3.2.3 by UTF-16 code units, at every depth', () => {
    const source = String.raw`{
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis"
    }`;
    const values = [
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ];
    const names = ['\\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
    const members = (of: readonly string[]) => `{${names.map((name, i) => `"${name}":"${of[i]}"`).join(',')}}`;
    expect(printed(JSON.parse(source))).to.equal(members(values));
    expect(printed([{ z: JSON.parse(source), a: 1 }])).to.equal(`[{"a":1,"z":${members(values)}}]`);
  });

  it('gives the structures of the test data of the RFC’s development portal', () => {
    const structures =
      '{"1": {"f": {"f": "hi","F": 5} ,"\\n": 56.0}, "10": { }, "": "empty", "a": { }, "111": [ { } ], "A": { }}';
    expect(printed(JSON.parse(structures))).to.equal(
      '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{}],"A":{},"a":{}}',
    );
  });

  it('prints every number of RFC 8785 appendix B, and none for NaN and the infinities', () => {
    const samples: readonly (readonly [ieee754: string, json: string])[] = [
      ['0000000000000000', '0'],
      ['8000000000000000', '0'],
      ['0000000000000001', '5e-324'],
      ['8000000000000001', '-5e-324'],
      ['7fefffffffffffff', '1.7976931348623157e+308'],
      ['ffefffffffffffff', '-1.7976931348623157e+308'],
      ['4340000000000000', '9007199254740992'],
      ['c340000000000000', '-9007199254740992'],
      ['4430000000000000', '295147905179352830000'],
      ['44b52d02c7e14af5', '9.999999999999997e+22'],
      ['44b52d02c7e14af6', '1e+23'],
      ['44b52d02c7e14af7', '1.0000000000000001e+23'],
      ['444b1ae4d6e2ef4e', '999999999999999700000'],
      ['444b1ae4d6e2ef4f', '999999999999999900000'],
      ['444b1ae4d6e2ef50', '1e+21'],
      ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
      ['3eb0c6f7a0b5ed8d', '0.000001'],
      ['41b3de4355555553', '333333333.3333332'],
      ['41b3de4355555554', '333333333.33333325'],
      ['41b3de4355555555', '333333333.3333333'],
      ['41b3de4355555556', '333333333.3333334'],
      ['41b3de4355555557', '333333333.33333343'],
      ['becbf647612f3696', '-0.0000033333333333333333'],
      ['43143ff3c1cb0959', '1424953923781206.2'],
    ];
    const double = (ieee754: string) => Buffer.from(ieee754, 'hex').readDoubleBE();
    for (const [ieee754, json] of samples) {
      expect(printed(double(ieee754)), ieee754).to.equal(json);
      expect(parseCanonical(utf8Encode(json)), json).to.equal(Number(json));
    }
    for (const ieee754 of ['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000']) {
      expect(() => canonicalJson(double(ieee754)), ieee754)
        .to.throw(FederatedError)
        .with.property('code', 'invalid-argument');
    }
  });

  it('comes back, and has one spelling', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const bytes = canonicalJson(value);
        expect(canonicalJson(parseCanonical(bytes))).to.deep.equal(bytes);
      }),
      { seed: 4, numRuns: 500 },
    );
  });

  it('leaves out members that are undefined', () => {
    expect(printed({ b: undefined, a: 1 })).to.equal('{"a":1}');
  });

  it('does not exist for what JSON cannot say', () => {
    for (const value of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '\ud800',
      new Date(0),
      new Uint8Array(1),
      1n,
      undefined,
    ]) {
      expect(() => canonicalJson(value))
        .to.throw(FederatedError)
        .with.property('code', 'invalid-argument');
    }
  });

  it('refuses every second spelling of a document', () => {
    const others = [
      '{"a":1 }',
      '{"b":1,"a":2}',
      '{"a":1,"a":1}',
      '1.0',
      '1e0',
      '-0',
      '"\\u0041"',
      '"\\/"',
      '1e999',
      '"\\ud800"',
    ];
    for (const text of others) {
      expect(() => parseCanonical(utf8Encode(text)), text)
        .to.throw(FederatedError)
        .with.property('code', 'malformed');
    }
  });

  it('refuses what is no JSON, too long or too deep, before it parses', () => {
    for (const text of ['', '{', 'nul', '{"a"}'])
      expect(() => parseCanonical(utf8Encode(text)), text).to.throw(FederatedError);
    expect(() => parseCanonical(utf8Encode('[1,2,3]'), 6)).to.throw(FederatedError, 'too long');
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(() => parseCanonical(utf8Encode(deep))).to.throw(FederatedError, 'too deeply');
  });

  it('keeps a key named __proto__ a key', () => {
    const bytes = utf8Encode('{"__proto__":{"admin":true}}');
    const value = parseCanonical(bytes) as Record<string, unknown>;
    expect(Object.hasOwn(value, '__proto__')).to.equal(true);
    expect(value.admin).to.equal(undefined);
  });
});
