import { equalBytes, toHex, utf8Encode } from '../bytes.js';
import type { CryptoPort } from '../crypto/port.js';
import { refusal } from '../errors.js';
import type { AdvertBody, SessionCodec, Signed } from '../wire/messages.js';
import { requireAgreementKey, requireDistinctKeys } from './keys.js';
import type { RosterView } from './roster-view.js';
import { contradiction, decodeBody, verifyBody } from './signing.js';

/** One member of a cohort; its index is its position among the ids sorted as bytes. */
export interface CohortMember {
  readonly participantId: string;
  /** Ed25519 identity key. */
  readonly publicKey: Uint8Array;
  readonly organization: string;
  readonly sealingKey: Uint8Array;
  readonly maskKey: Uint8Array;
}

/**
 * Check one advertisement against the roster and the configuration.
 *
 * @throws `refused` `cohort.roster`; `verification` `cohort.config`, `cohort.signature`, `cohort.key`; `malformed`.
 */
export function readAdvert(
  crypto: CryptoPort,
  codec: SessionCodec,
  advert: Signed,
  expected: { readonly roster: RosterView; readonly configHash: Uint8Array },
): CohortMember {
  const body: AdvertBody = decodeBody(codec.advert, advert.body);
  const entry = expected.roster.get(body.participantId);
  if (entry === undefined) {
    throw refusal('cohort.roster', `${body.participantId} is not in the approved roster`, {
      required: 'a member of the roster',
      offered: body.participantId,
      fix: 'approve the roster epoch that names it, or leave the session',
    });
  }
  if (!equalBytes(body.configHash, expected.configHash)) {
    throw contradiction('cohort.config', 'an advertisement belongs to another configuration', {
      required: toHex(expected.configHash),
      offered: toHex(body.configHash),
      participant: body.participantId,
    });
  }
  requireAgreementKey(body.sealingKey);
  requireAgreementKey(body.maskKey);
  if (!verifyBody(crypto, entry.publicKey, 'CSA1/advert', advert)) {
    throw contradiction('cohort.signature', 'an advertisement is not signed by its participant', {
      required: 'a signature by the identity key in the roster',
      offered: 'a signature that does not verify',
      participant: body.participantId,
    });
  }
  const { participantId, sealingKey, maskKey } = body;
  return { participantId, publicKey: entry.publicKey, organization: entry.organization, sealingKey, maskKey };
}

/**
 * Check a whole cohort as received: order, roster, signatures, one member per organization, 2n distinct keys.
 *
 * @param adverts [n] in cohort order; `thresholds` has bounded n before.
 * @throws as `readAdvert`; `refused` `cohort.organization`; `verification` `cohort.order`, `cohort.duplicate-key`.
 */
export function readCohort(
  crypto: CryptoPort,
  codec: SessionCodec,
  adverts: readonly Signed[],
  expected: { readonly roster: RosterView; readonly configHash: Uint8Array },
): readonly CohortMember[] {
  const cohort = adverts.map((advert) => readAdvert(crypto, codec, advert, expected));
  for (let i = 1; i < cohort.length; i++) {
    if (compareIds(cohort[i - 1]!.participantId, cohort[i]!.participantId) < 0) continue;
    throw contradiction('cohort.order', 'the cohort is not sorted by id, or names one twice', {
      required: `an id after ${cohort[i - 1]!.participantId}`,
      offered: cohort[i]!.participantId,
    });
  }
  requireOnePerOrganization(cohort);
  requireDistinctKeys(cohort.flatMap((member) => [member.sealingKey, member.maskKey]));
  return cohort;
}

/** Order of participant ids: as UTF-8 bytes. */
export function compareIds(a: string, b: string): number {
  const [left, right] = [utf8Encode(a), utf8Encode(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] !== right[i]) return left[i]! - right[i]!;
  }
  return left.length - right.length;
}

function requireOnePerOrganization(cohort: readonly CohortMember[]): void {
  const seen = new Set<string>();
  for (const { organization } of cohort) {
    if (seen.has(organization)) {
      throw refusal('cohort.organization', `${organization} is in the cohort twice`, {
        required: 'one participant per organization',
        offered: organization,
        fix: 'leave the session: one organization could sit beside you more than once',
      });
    }
    seen.add(organization);
  }
}
