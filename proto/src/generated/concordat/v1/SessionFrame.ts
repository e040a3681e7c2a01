// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto

import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from '../../concordat/v1/SignedBody.js';
import type { Cohort as _concordat_v1_Cohort, Cohort__Output as _concordat_v1_Cohort__Output } from '../../concordat/v1/Cohort.js';
import type { Boxes as _concordat_v1_Boxes, Boxes__Output as _concordat_v1_Boxes__Output } from '../../concordat/v1/Boxes.js';
import type { Dealers as _concordat_v1_Dealers, Dealers__Output as _concordat_v1_Dealers__Output } from '../../concordat/v1/Dealers.js';
import type { Proposal as _concordat_v1_Proposal, Proposal__Output as _concordat_v1_Proposal__Output } from '../../concordat/v1/Proposal.js';
import type { Certificate as _concordat_v1_Certificate, Certificate__Output as _concordat_v1_Certificate__Output } from '../../concordat/v1/Certificate.js';
import type { AbortProposal as _concordat_v1_AbortProposal, AbortProposal__Output as _concordat_v1_AbortProposal__Output } from '../../concordat/v1/AbortProposal.js';

export interface SessionFrame {
  'open'?: (_concordat_v1_SignedBody | null);
  'cohort'?: (_concordat_v1_Cohort | null);
  'boxes'?: (_concordat_v1_Boxes | null);
  'dealers'?: (_concordat_v1_Dealers | null);
  'proposal'?: (_concordat_v1_Proposal | null);
  'certificate'?: (_concordat_v1_Certificate | null);
  'abortProposal'?: (_concordat_v1_AbortProposal | null);
  'abortCertificate'?: (_concordat_v1_Certificate | null);
  'frame'?: "open"|"cohort"|"boxes"|"dealers"|"proposal"|"certificate"|"abortProposal"|"abortCertificate";
}

export interface SessionFrame__Output {
  'open'?: (_concordat_v1_SignedBody__Output | null);
  'cohort'?: (_concordat_v1_Cohort__Output | null);
  'boxes'?: (_concordat_v1_Boxes__Output | null);
  'dealers'?: (_concordat_v1_Dealers__Output | null);
  'proposal'?: (_concordat_v1_Proposal__Output | null);
  'certificate'?: (_concordat_v1_Certificate__Output | null);
  'abortProposal'?: (_concordat_v1_AbortProposal__Output | null);
  'abortCertificate'?: (_concordat_v1_Certificate__Output | null);
  'frame'?: "open"|"cohort"|"boxes"|"dealers"|"proposal"|"certificate"|"abortProposal"|"abortCertificate";
}
