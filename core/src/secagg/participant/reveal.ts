import { equalBytes } from '../../bytes.js';
import { refusal } from '../../errors.js';
import type { CertificateFrame, RevealedShare, SessionReply } from '../../wire/messages.js';
import { contradiction, decodeBody, signBody, verifyBodyHash } from '../signing.js';
import { readSurvivors, requireOneStatement } from './certify.js';
import type { ParticipantPorts } from './contract.js';
import type {
  DealersFacts,
  Masking,
  ParticipantStep,
  Revealed,
  SurvivorsSigned,
  Uploaded,
  Uploading,
} from './state.js';

/**
 * Step 6: on a certificate, and only then, reveal one share for every confirmed dealer: of b_v where v survived, of s_v where it did not.
 * Never both, never for anybody outside U2. Afterwards the secrets are erased.
 *
 * A member whose own upload did not make it reveals as well: it only helps the others to finish.
 *
 * @throws `refused` or `verification` `certificate.…` or `survivors.…`; `malformed`.
 */
export function reveal(
  ports: ParticipantPorts,
  state: Masking | Uploading | Uploaded | SurvivorsSigned,
  frame: CertificateFrame,
): ParticipantStep {
  const { crypto, codec } = ports;
  requireOneStatement(signedStatement(state), frame.body);
  const body = decodeBody(codec.survivors, frame.body);
  const survivors = readSurvivors(state, body);
  checkSignatures(ports, state, frame, survivors);
  requireOneReveal(state.slots.revealed?.body, frame.body);
  const shares = sharesToReveal(state, survivors);
  const { sid2, index, options, slots } = state;
  const encoded = codec.reveal.encode({ sid2, inputsHash: body.inputsHash, participant: index, shares });
  const revealReply: Extract<SessionReply, { type: 'reveal' }> = {
    type: 'reveal',
    reveal: signBody(crypto, ports.signer, 'CSA1/reveal', encoded),
  };
  const record = { type: 'revealed', sid2, body: frame.body, included: survivors.includes(index) } as const;
  return {
    state: { phase: 'revealed', options, slots, statement: frame.body, revealReply },
    effects: [{ type: 'journal', record }, { type: 'send', frame: revealReply }, { type: 'erase' }],
  };
}

/**
 * One reveal, on one certificate.
 *
 * @throws `verification` `certificate.second`.
 */
export function requireSameCertificate(state: Revealed, frame: CertificateFrame): void {
  requireOneReveal(state.statement, frame.body);
}

function sharesToReveal(state: DealersFacts, survivors: readonly number[]): readonly RevealedShare[] {
  return state.dealers.flatMap((dealer): readonly RevealedShare[] => {
    const held = state.held.get(dealer);
    if (held === undefined) return [];
    const kind = survivors.includes(dealer) ? 'self' : 'mask';
    return [{ dealer, kind, share: held.pair[kind] }];
  });
}

function checkSignatures(
  ports: ParticipantPorts,
  state: DealersFacts,
  frame: CertificateFrame,
  survivors: readonly number[],
): void {
  const { threshold } = state.numbers;
  if (frame.signatures.length < threshold) {
    throw refusal('certificate.short', 'a certificate carries too few signatures', {
      required: threshold,
      offered: frame.signatures.length,
    });
  }
  const bodyHash = ports.crypto.sha256(frame.body);
  const signers = new Set<number>();
  for (const { participant, signature } of frame.signatures) {
    if (signers.has(participant)) {
      throw contradiction('certificate.repeated', 'a certificate counts a signer twice', {
        required: 'distinct signers',
        offered: participant,
      });
    }
    signers.add(participant);
    if (!survivors.includes(participant)) {
      throw contradiction('certificate.signer', 'a certificate is signed by somebody who did not survive', {
        required: survivors.join(', '),
        offered: participant,
      });
    }
    const { publicKey } = state.cohort[participant]!;
    if (!verifyBodyHash(ports.crypto, publicKey, 'CSA1/survivors', { bodyHash, signature })) {
      throw contradiction('certificate.signature', 'a signature of a certificate is on something else', {
        required: 'a signature on this statement',
        offered: 'a signature that does not verify',
        participant,
      });
    }
  }
}

function signedStatement(state: Masking | Uploading | Uploaded | SurvivorsSigned): Uint8Array | undefined {
  return state.phase === 'signed' ? state.certifyReply.statement.body : state.slots['survivors-signed']?.body;
}

function requireOneReveal(revealed: Uint8Array | undefined, offered: Uint8Array): void {
  if (revealed === undefined || equalBytes(revealed, offered)) return;
  throw contradiction('certificate.second', 'a second certificate for one session', {
    required: 'the statement it revealed on',
    offered: 'another one',
  });
}
