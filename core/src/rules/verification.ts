import type { RuleGuide } from './rule-guide.js';

const leave = 'Do not go on with this session; keep the journal as evidence and tell the operator.';
const notCounted = 'Nothing of it is used. Find out with the participant whether its software is changed or damaged.';
const secondOne =
  'Do not go on with this session: two answers to one question show a lying coordinator. Keep the journal.';
const noAbort = 'Nothing of it is used: the updates of that session stay bound to it. Tell the other side.';
const dispute =
  'Contribute no more to this run, keep journal and egress log as evidence, and tell the other participants and the operator.';
const compare = 'Compare the fingerprint with the operator; if it differs from the invitation, do not connect.';

/** Rules that a `verification` error names: what was sent contradicts a signature, a commitment or something sent before. */
export const verificationRules = {
  'trainer.capability': {
    required: 'the capability that the trainer, or its task, was given',
    fix: 'Let the trainer read the token file anew at every start, and repeat the capability of each task unchanged.',
  },
  'store.certificate': {
    required: 'a database with a certificate of a trusted authority, for the host in `store`',
    fix: 'Name the authority of the database in `storeAuthority`, correct the host, or ask whoever runs it.',
  },
  'identity.signature': {
    required: 'a signature of the identity key, from the signer that the program brought',
    fix: 'Look which key the signer uses, and that it signs the message itself and no digest of it.',
  },
  'egress.chain': {
    required: 'an egress log whose every line is as it was written',
    fix: 'Compare the log with a copy of it, and keep both for whoever investigates.',
  },
  'plan.signature': {
    required: 'a plan signed by an operator whom the roster names',
    fix: 'Approve nothing; ask the operator who proposed this plan.',
  },
  'blob.digest': {
    required: 'exactly the bytes that the digest names',
    fix: 'Fetch it again; if it happens twice, ask the operator what is served.',
  },
  'config.signature': { required: "the coordinator's signature on the configuration", fix: leave },
  'config.second': { required: 'one configuration for one session', fix: secondOne },
  'cohort.sender': { required: 'an advertisement in its sender’s own name', fix: notCounted },
  'cohort.key': { required: 'agreement keys of 32 bytes, canonical and not of low order', fix: leave },
  'cohort.duplicate-key': { required: 'every agreement key once in a cohort', fix: leave },
  'cohort.config': { required: 'advertisements for this configuration', fix: leave },
  'cohort.signature': { required: 'every advertisement signed by its participant', fix: leave },
  'cohort.order': { required: 'the cohort sorted by id, every id once', fix: leave },
  'cohort.self-absent': { required: 'this participant in the cohort it is sent', fix: leave },
  'cohort.self-altered': { required: 'this participant’s own advertisement, unchanged', fix: leave },
  'cohort.second': { required: 'one cohort for one advertisement', fix: secondOne },
  'share.signature': { required: 'the dealer’s signature on its share body', fix: notCounted },
  'share.session': { required: 'shares for this session from this dealer', fix: notCounted },
  'share.root': { required: 'the boxes that the dealer signed', fix: notCounted },
  'share.boxes': { required: 'one box for every member of the cohort', fix: notCounted },
  'share.box': { required: 'boxes and share hashes of their one length', fix: notCounted },
  'boxes.second': { required: 'the boxes that were confirmed', fix: secondOne },
  'confirm.signature': { required: 'the participant’s signature on its confirmation', fix: notCounted },
  'confirm.session': { required: 'a confirmation for this session from this participant', fix: notCounted },
  'confirm.dealers': { required: 'only dealers confirmed, the sender among them', fix: notCounted },
  'dealers.list': { required: 'the share bodies of exactly the dealers', fix: leave },
  'dealers.share': { required: 'the share bodies that were confirmed', fix: leave },
  'dealers.signature': { required: 'every share body signed by its dealer', fix: leave },
  'dealers.second': { required: 'one set of dealers for one session', fix: secondOne },
  'upload.signature': { required: 'the participant’s signature on its upload header', fix: notCounted },
  'upload.session': { required: 'an upload for this session from this participant', fix: notCounted },
  'upload.length': { required: 'a vector of the length of the layout', fix: notCounted },
  'upload.receipt': { required: 'the coordinator’s receipt for this very upload', fix: leave },
  'survivors.proposal': { required: 'the coordinator’s signature on the proposed survivors', fix: leave },
  'survivors.session': { required: 'a survivors statement for this session', fix: leave },
  'survivors.self': { required: 'this participant among the survivors it is asked to sign', fix: leave },
  'survivors.list': { required: 'the uploads of exactly the survivors', fix: leave },
  'survivors.own-upload': { required: 'this participant’s own upload, unchanged', fix: leave },
  'survivors.inputs': { required: 'a statement about the uploads shown', fix: leave },
  'survivors.upload': { required: 'upload headers for this session, participant and layout', fix: leave },
  'survivors.upload-signature': { required: 'every upload header signed by its participant', fix: leave },
  'survivors.second': { required: 'one survivors statement for one session', fix: secondOne },
  'certify.signer': { required: 'statements by survivors only', fix: notCounted },
  'certify.statement': { required: 'statements on the proposal, byte for byte', fix: notCounted },
  'certify.signature': { required: 'the survivor’s signature on the statement', fix: notCounted },
  'certificate.repeated': { required: 'every signer once in a certificate', fix: leave },
  'certificate.signer': { required: 'a certificate signed by survivors only', fix: leave },
  'certificate.signature': { required: 'signatures on the very statement that was signed here', fix: leave },
  'certificate.second': { required: 'one certificate for one session', fix: secondOne },
  'reveal.signature': { required: 'the participant’s signature on what it reveals', fix: notCounted },
  'reveal.session': { required: 'a reveal for this session, statement and participant', fix: notCounted },
  'reveal.kind': { required: 'every dealer once, with the kind of share that its fate calls for', fix: notCounted },
  'reveal.share': { required: 'the share to which its dealer committed', fix: notCounted },
  'abort.session': { required: 'an abort of the session whose cohort was accepted', fix: noAbort },
  'abort.signature': { required: 'every abort signed by its member of the cohort', fix: noAbort },
  'abort.repeated': { required: 'every signer once in an abort certificate', fix: noAbort },
  'abort.signer': { required: 'an abort certificate signed by members of the cohort only', fix: noAbort },
  'result.signature': { required: 'the survivor’s signature on its verdict', fix: notCounted },
  'result.session': { required: 'a verdict on the sum of this session', fix: notCounted },
  'result.hash': { required: 'a verdict on the sum that the coordinator signed', fix: notCounted },
  'result.aggregate': {
    required: 'a verdict on the very sums that the coordinator signed for the round',
    fix: notCounted,
  },
  'check.aggregate': {
    required: 'the coordinator’s signature on the sums of this round, this session’s among them',
    fix: dispute,
  },
  'check.config': { required: 'the configuration that was accepted here', fix: dispute },
  'check.cohort': { required: 'the cohort that was accepted here', fix: dispute },
  'check.dealers': { required: 'the dealers that were accepted here', fix: dispute },
  'check.certificate': { required: 'the certificate of this session, signed by enough survivors', fix: dispute },
  'check.inputs': { required: 'the uploads that the certificate is about', fix: dispute },
  'check.upload': { required: 'every upload signed by its participant for this session', fix: dispute },
  'check.secret': { required: 'the secrets to which the dealers committed', fix: dispute },
  'check.chunk': { required: 'chunks of the very vectors that were signed', fix: dispute },
  'check.sum': { required: 'the sum of the updates in it, lane by lane', fix: dispute },
  'check.groups': {
    required: 'the groups that the plan requires, each with a sum that its survivors can have',
    fix: dispute,
  },
  'check.model': { required: 'the model that the plan’s strategy makes of the sums', fix: dispute },
  'sum.guards': {
    required: 'guard lanes that count the survivors',
    fix: 'Discard the sum: a survivor sent a vector that does not follow the protocol.',
  },
  'sum.padding': {
    required: 'padding of zeros in the opened sum',
    fix: 'Discard the sum: a survivor sent a vector that does not follow the protocol.',
  },
  'model.hash': {
    required: 'an update trained from this round’s model',
    fix: 'Fetch the model that the assignment names and train again.',
  },
  'approval.signature': {
    required: 'the participant’s signature on this plan and roster',
    fix: 'Approve again with the key that the roster names.',
  },
  'approval.decision': {
    required: 'a decision signed by the very key that it names',
    fix: 'Bring the file again, unchanged; if it does not verify then, let it be signed again.',
  },
  receipt: {
    required: 'a receipt signed by the coordinator for this very message',
    fix: 'Do not go on with this coordinator; keep the journal and tell the operator.',
  },
  consortium: { required: 'a coordinator of this consortium', fix: 'Check the address with the operator.' },
  'authority.fingerprint': { required: 'a server of the TLS authority that the invitation names', fix: compare },
  'certificate.own-key': {
    required: 'a certificate for the TLS key of this directory',
    fix: 'Enrol again with a new invitation.',
  },
  'roster.own-entry': {
    required: 'a roster that names this participant with its own key',
    fix: 'Tell the operator: somebody else may have been admitted under this name.',
  },
} as const satisfies Readonly<Record<string, RuleGuide>>;
