import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { denseNetwork, writeTfjsDirectory } from '@concordat/client-sdk';
import { createIdentityFile, systemRandom } from '@concordat/node';
import { expect } from 'chai';
import { TestConsortium } from '../coordinator/consortium.js';
import { moveTo } from '../support/moved-participant.js';
import { CoordinatorProcess } from './coordinator-process.js';
import { readmissionDraft, readmissionPolicy, writeReadmissions } from './readmission.js';
import { type Line, TypedCommands } from './typed-commands.js';

const names = ['acme', 'bluebird', 'cobalt'];

/** A module that signs with the key in `vault.pem` beside it, and notes every signature. */
const moduleText = `
import { createPrivateKey, createPublicKey, sign as signWith } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';

const beside = (name) => new URL(name, import.meta.url);
const key = createPrivateKey(readFileSync(beside('vault.pem')));
export const publicKey = new Uint8Array(Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x, 'base64url'));
export async function sign(message) {
  appendFileSync(beside('signed'), 'once\\n');
  return new Uint8Array(signWith(null, message, key));
}
`;

describe('an identity key behind a module, between real processes', function () {
  this.timeout(180_000);
  let consortium: TestConsortium;
  let coordinator: CoordinatorProcess;
  let planHash: string;
  const commands = new TypedCommands();
  const root = mkdtempSync(join(tmpdir(), 'concordat-module-'));
  const at = (...path: string[]) => join(root, ...path);
  const signed = () => (existsSync(at('signed')) ? readFileSync(at('signed'), 'utf8').split('\n').length - 1 : 0);

  const operate = async (...args: readonly string[]) => {
    const place = ['--directory', consortium.directory, '--address', `127.0.0.1:${coordinator.port}`];
    const said = await commands.last('coordinator', ...args, ...place);
    expect(said.status, JSON.stringify(said)).to.equal('ok');
    return said.data as Line;
  };
  /** A command of acme. @returns what it says, and how many signatures it asked for. */
  const acme = async (...args: readonly string[]) => {
    const before = signed();
    const said = await commands.last('participant', ...args, '--directory', at('acme'));
    return { ...said, signed: signed() - before } as Line & { readonly signed: number };
  };
  const serve = (name: string) => ['serve', '--data', at(`${name}-data`), '--engine', 'tfjs-cpu', '--once'];

  before(async () => {
    consortium = await TestConsortium.open();
    for (const name of names.slice(1)) await consortium.enrol(name, at(name));
    await consortium.coordinator.stop();
    coordinator = new CoordinatorProcess(consortium.directory);
    await coordinator.start({ silent: true });
    for (const name of names.slice(1)) {
      moveTo(at(name), `127.0.0.1:${coordinator.port}`);
      writeFileSync(at(name, 'policy.yaml'), readmissionPolicy('approval: automatic\nroster: {additions: auto}'));
    }
    for (const name of names) writeReadmissions(at(`${name}-data`), names.indexOf(name));
    writeFileSync(at('signer.mjs'), moduleText);
    await createIdentityFile(at('vault.pem'), systemRandom);
  });
  after(async () => {
    commands.signal('SIGKILL');
    await coordinator.close();
    await consortium.close();
    rmSync(root, { recursive: true });
  });

  it('enrols with it, keeps no identity key, and says in participant.yaml who signs', async () => {
    await operate('invite', 'acme', '--out', at('invitation.json'));
    let admitted: Promise<Line> | undefined;
    const flags = ['--invitation-file', at('invitation.json'), '--identity-module', at('signer.mjs')];
    const said = await commands.json(
      ['participant', 'enroll', ...flags, '--directory', at('acme')],
      ({ type, fingerprint }) => {
        if (type !== 'pending') return;
        admitted = operate('participants', '--admit', 'acme', '--fingerprint', String(fingerprint));
      },
    );
    await admitted;
    expect(said.at(-1)!.status, JSON.stringify(said.at(-1))).to.equal('ok');
    expect([signed(), existsSync(at('acme', 'identity.key'))]).to.deep.equal([1, false]);
    expect(readFileSync(at('acme', 'participant.yaml'), 'utf8')).to.include(`  module: "${at('signer.mjs')}"`);
  });

  it('is known to config check and to the doctor, which sign nothing', async () => {
    writeFileSync(at('acme', 'policy.yaml'), readmissionPolicy('approval: manual'));
    const checked = await acme('config', 'check', '--data', at('acme-data'));
    expect([checked.status, checked.signed], JSON.stringify(checked)).to.deep.equal(['ok', 0]);
    const examined = await acme('doctor', '--data', at('acme-data'));
    expect([examined.status, examined.signed], JSON.stringify(examined)).to.deep.equal(['ok', 0]);
  });

  it('approves, takes part in a round, checks it and takes the plan back', async () => {
    mkdirSync(at('model'));
    await writeTfjsDirectory(at('model'), denseNetwork({ inputs: 1, hidden: [4], classes: 2, seed: 'module' }));
    const kept = { aggregateCheck: 'on', transcriptRetention: 2 };
    writeFileSync(at('plan.json'), JSON.stringify(readmissionDraft('modules', kept)));
    await commands.last('participant', 'data', 'schema', '--data', at('acme-data'), '--out', at('schema.json'));
    const files = ['--model', at('model'), '--data-schema', at('schema.json')];
    planHash = String((await operate('plan', 'propose', at('plan.json'), ...files)).planHash);

    for (const [command, signatures] of [
      [['plan', 'show', '--plan', planHash], 0],
      [['plan', 'export', '--plan', planHash, '--out', at('export.json')], 0],
      [['serve', '--dry-run', '--plan', planHash, '--data', at('acme-data'), '--engine', 'tfjs-cpu'], 0],
      [['plan', 'approve', '--plan', planHash], 1],
    ] as const) {
      const said = await acme(...command);
      expect([said.status, said.signed], JSON.stringify(said)).to.deep.equal(['ok', signatures]);
    }

    await operate('run', 'start', '--plan', planHash, '--run', 'modules');
    const others = names.slice(1).map((name) => commands.last('participant', ...serve(name), '--directory', at(name)));
    const served = await acme(...serve('acme'));
    await Promise.all(others);
    expect((served.data as Line).roundsContributed, JSON.stringify(served)).to.equal(1);
    // approval, then advert, share, confirm, upload, survivors, reveal and result of the round.
    expect(served.signed).to.be.at.least(8);

    for (const [command, signatures] of [
      // The verdict that stands, which is the same bytes each time.
      [['verify-round', '--chunks', 'all'], 1],
      [['recover'], 0],
      [['renew'], 0],
      [['plan', 'withdraw', '--plan', planHash], 1],
    ] as const) {
      const said = await acme(...command);
      expect([said.status, said.signed], JSON.stringify(said)).to.deep.equal(['ok', signatures]);
    }
  });

  const refused = async (...args: readonly string[]) => {
    const { error } = await acme('plan', 'withdraw', '--plan', planHash, ...args);
    const { code, detail, message } = error as { code: string; detail: Line; message: string };
    return { is: [code, detail.rule ?? detail.setting], message };
  };

  it('is refused by name when the module is not there, does not load, exports no signer, or has another key', async () => {
    renameSync(at('signer.mjs'), at('moved.mjs'));
    const gone = await refused();
    expect(gone.is).to.deep.equal(['invalid-argument', 'identity.module']);
    expect(gone.message).to.include(at('signer.mjs'));
    const moved = ['--identity-module', at('moved.mjs')];
    expect((await acme('plan', 'withdraw', '--plan', planHash, ...moved)).signed).to.equal(1);

    writeFileSync(at('signer.mjs'), 'throw new Error("CKR_TOKEN_NOT_PRESENT");');
    const away = await refused();
    expect(away.is).to.deep.equal(['unavailable', 'identity.signer']);
    expect(away.message).to.include('CKR_TOKEN_NOT_PRESENT');

    writeFileSync(at('signer.mjs'), 'export const publicKey = new Uint8Array(32);');
    expect((await refused()).message).to.equal(`${at('signer.mjs')} exports no signer`);
    writeFileSync(at('signer.mjs'), 'export const publicKey = "none"; export const sign = async () => publicKey;');
    expect((await refused()).message).to.equal('the identity signer has no Ed25519 public key');
    writeFileSync(at('signer.mjs'), moduleText.replace('vault.pem', 'other.pem'));
    await createIdentityFile(at('other.pem'), systemRandom);
    expect((await refused()).is).to.deep.equal(['verification', 'roster.own-entry']);
  });
});
