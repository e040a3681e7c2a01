import { equalBytes, toHex } from '../../bytes.js';
import type { CryptoPort } from '../../crypto/port.js';
import { refusal } from '../../errors.js';
import type { Rule } from '../../rules.js';
import type { AdvertBody, SessionCodec, SessionConfig, ShareBody, Transcript } from '../../wire/messages.js';
import { fromBitmap } from '../bitmap.js';
import { selfSecretHash } from '../dealing.js';
import { configHash, dealersId, inputsHash, sessionId } from '../identifiers.js';
import { type Layout, layoutOf } from '../layout.js';
import type { MaskKey } from '../masking.js';
import { masksOfSum } from '../opening.js';
import { contradiction, decodeBody, verifyBody } from '../signing.js';
import { thresholdOf } from '../thresholds.js';
import type { OwnSession } from './own-session.js';

export interface TranscriptPorts {
  readonly crypto: CryptoPort;
  readonly codec: SessionCodec;
}

/** A vector in the sum, as its owner signed it. */
export interface CheckedUpload {
  readonly participant: string;
  /** Cohort index. */
  readonly index: number;
  readonly merkleRoot: Uint8Array;
}

/** A transcript that fits what the participant knows: with it any chunk of the sum can be computed anew. */
export interface CheckedTranscript {
  readonly sid2: Uint8Array;
  readonly config: SessionConfig;
  readonly layout: Layout;
  /** U3 ascending. */
  readonly uploads: readonly CheckedUpload[];
  /** Keystreams to add to the sum of the vectors. They belong to this sum alone; wipe them after use. */
  readonly maskKeys: readonly MaskKey[];
}

/** The participant's own facts, and the identity keys it holds; a member that the roster does not name any more has none. */
export interface TranscriptFacts {
  readonly own: OwnSession;
  readonly publicKeys: ReadonlyMap<string, Uint8Array>;
}

/**
 * Check everything in a transcript against the participant's own sid, sid2 and statement: nothing in it is believed because the
 * coordinator says it. The secrets are checked against H(b_u) and the advertised mask keys.
 *
 * @throws `verification` `check.config`, `check.cohort`, `check.dealers`, `check.certificate`, `check.inputs`, `check.upload`,
 *   `check.secret`; `refused` `check.survivor` when the certificate leaves this participant out; `malformed`.
 */
export function readTranscript(
  ports: TranscriptPorts,
  transcript: Transcript,
  { own, publicKeys }: TranscriptFacts,
): CheckedTranscript {
  const { crypto, codec } = ports;
  requireSame('check.config', own.configHash, configHash(crypto, transcript.config));
  const config = decodeBody(codec.config, transcript.config);
  requireSame('check.cohort', own.sid, sessionId(crypto, own.configHash, transcript.adverts));
  const adverts = transcript.adverts.map((body) => decodeBody(codec.advert, body));
  const shares = readShares(ports, transcript, own);
  const survivors = readCertificate(ports, transcript, { own, publicKeys, maxColluders: config.maxColluders });
  const layout = layoutOf(config.segments);
  const uploads = readUploads(ports, transcript, { own, publicKeys, survivors, layout });
  const secrets = readSecrets(ports, transcript.secrets, { own, adverts, shares, survivors });
  const maskKeys = masksOfSum(crypto, { sid2: own.sid2, ...secrets, maskKeys: adverts.map(({ maskKey }) => maskKey) });
  return { sid2: own.sid2, config, layout, uploads, maskKeys };
}

/** @returns share body by dealer, U2 ascending: their hashes are in sid2. */
function readShares(
  { crypto, codec }: TranscriptPorts,
  { dealers: bitmap, shares }: Transcript,
  own: OwnSession,
): ReadonlyMap<number, ShareBody> {
  const count = own.participants.length;
  const dealers = fromBitmap(count, bitmap);
  if (dealers.length !== shares.length) {
    throw contradiction('check.dealers', 'the share bodies are not those of the dealers', {
      required: dealers.length,
      offered: shares.length,
    });
  }
  const members = dealers.map((index, at) => ({ index, bodyHash: crypto.sha256(shares[at]!) }));
  requireSame('check.dealers', own.sid2, dealersId(crypto, own.sid, count, members));
  return new Map(dealers.map((dealer, at) => [dealer, decodeBody(codec.share, shares[at]!)]));
}

/** @returns U3, ascending. */
function readCertificate(
  { crypto, codec }: TranscriptPorts,
  { certificate }: Transcript,
  { own, publicKeys, maxColluders }: TranscriptFacts & { readonly maxColluders: number },
): readonly number[] {
  const { body, signatures } = certificate;
  const rule = 'check.certificate';
  if (own.statement !== undefined && !equalBytes(own.statement, body)) {
    throw contradiction(rule, 'the certificate is on another statement than the one signed here', {
      required: toHex(crypto.sha256(own.statement)),
      offered: toHex(crypto.sha256(body)),
    });
  }
  const statement = decodeBody(codec.survivors, body);
  requireSame(rule, own.sid2, statement.sid2);
  const survivors = fromBitmap(own.participants.length, statement.survivors);
  if (own.certified) return survivors;
  const signers = new Set<number>();
  for (const { participant, signature } of signatures) {
    if (!survivors.includes(participant)) continue;
    const publicKey = publicKeys.get(own.participants[participant]!);
    if (publicKey === undefined) continue;
    if (verifyBody(crypto, publicKey, 'CSA1/survivors', { body, signature })) signers.add(participant);
  }
  const threshold = thresholdOf(own.participants.length, maxColluders);
  if (signers.size >= threshold) return survivors;
  throw contradiction(rule, 'too few survivors signed the certificate', {
    required: threshold,
    offered: signers.size,
  });
}

function readUploads(
  { crypto, codec }: TranscriptPorts,
  { uploads, certificate }: Transcript,
  facts: TranscriptFacts & { readonly survivors: readonly number[]; readonly layout: Layout },
): readonly CheckedUpload[] {
  const { own, publicKeys, survivors, layout } = facts;
  const count = own.participants.length;
  const { inputsHash: certified } = decodeBody(codec.survivors, certificate.body);
  if (uploads.length !== survivors.length) {
    throw contradiction('check.inputs', 'the uploads are not those of the survivors', {
      required: survivors.length,
      offered: uploads.length,
    });
  }
  const members = survivors.map((index, at) => ({ index, bodyHash: crypto.sha256(uploads[at]!.body) }));
  requireSame('check.inputs', certified, inputsHash(crypto, own.sid2, count, members));
  requireOwn(facts, members);
  return survivors.map((index, at) => {
    const upload = uploads[at]!;
    const participant = own.participants[index]!;
    const body = decodeBody(codec.upload, upload.body);
    const publicKey = publicKeys.get(participant);
    const signed = publicKey === undefined || verifyBody(crypto, publicKey, 'CSA1/upload', upload);
    const about =
      body.participant === index && equalBytes(body.sid2, own.sid2) && body.lengthBytes === layout.lengthBytes;
    if (signed && about) return { participant, index, merkleRoot: body.merkleRoot };
    throw contradiction('check.upload', 'an upload is not the one its participant signed for this session', {
      required: `${layout.lengthBytes} bytes of ${participant}, signed`,
      offered: signed ? 'an upload about something else' : 'a signature that does not verify',
      participant,
    });
  });
}

function requireOwn(
  { own, survivors }: { readonly own: OwnSession; readonly survivors: readonly number[] },
  members: readonly { readonly bodyHash: Uint8Array }[],
): void {
  if (members.some(({ bodyHash }) => equalBytes(bodyHash, own.contentDigest))) return;
  throw refusal('check.survivor', 'this participant’s update is not in the sum', {
    required: toHex(own.contentDigest),
    offered: `the uploads of ${survivors.map((index) => own.participants[index]!).join(', ')}`,
  });
}

interface SumSecrets {
  readonly selfSecrets: ReadonlyMap<number, Uint8Array>;
  readonly maskSecrets: ReadonlyMap<number, Uint8Array>;
}

/** b_v of the survivors, s_v of the other dealers; each is the only value that fits what its dealer committed to. */
function readSecrets(
  { crypto }: TranscriptPorts,
  secrets: readonly Uint8Array[],
  facts: {
    readonly own: OwnSession;
    readonly adverts: readonly AdvertBody[];
    readonly shares: ReadonlyMap<number, ShareBody>;
    readonly survivors: readonly number[];
  },
): SumSecrets {
  const { own, adverts, shares, survivors } = facts;
  const selfSecrets = new Map<number, Uint8Array>();
  const maskSecrets = new Map<number, Uint8Array>();
  const foreign = survivors.find((index) => !shares.has(index));
  if (foreign !== undefined) {
    throw contradiction('check.secret', 'a survivor dealt no shares', {
      required: 'survivors that are dealers',
      offered: own.participants[foreign]!,
    });
  }
  if (secrets.length !== shares.size) {
    throw contradiction('check.secret', 'the secrets are not those of the dealers', {
      required: shares.size,
      offered: secrets.length,
    });
  }
  [...shares].forEach(([dealer, share], at) => {
    const secret = secrets[at]!;
    const survived = survivors.includes(dealer);
    const fits = survived
      ? equalBytes(selfSecretHash(crypto, own.sid, dealer, secret), share.selfSecretHash)
      : equalBytes(crypto.x25519PublicKey(secret), adverts[dealer]!.maskKey);
    if (!fits) {
      throw contradiction('check.secret', 'a revealed secret is not the one its dealer committed to', {
        required: survived ? 'the secret under H(b)' : 'the secret of the advertised mask key',
        offered: 'another one',
        participant: own.participants[dealer]!,
      });
    }
    (survived ? selfSecrets : maskSecrets).set(dealer, secret);
  });
  return { selfSecrets, maskSecrets };
}

const what = {
  'check.config': 'the transcript is of another configuration than the one accepted here',
  'check.cohort': 'the transcript is of another cohort than the one accepted here',
  'check.dealers': 'the transcript is of other dealers than those accepted here',
  'check.certificate': 'the certificate is of another session',
  'check.inputs': 'the certificate is about other uploads than it comes with',
} as const satisfies Partial<Record<Rule<'verification'>, string>>;

function requireSame(rule: keyof typeof what, required: Uint8Array, offered: Uint8Array): void {
  if (equalBytes(required, offered)) return;
  throw contradiction(rule, what[rule], { required: toHex(required), offered: toHex(offered) });
}
