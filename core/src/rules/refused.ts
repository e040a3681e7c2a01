import type { RuleGuide } from './rule-guide.js';

/** Fields of a session's configuration that must equal what was approved; the rule is `config.<field>`. */
export const configFields = [
  'suite',
  'runId',
  'round',
  'kind',
  'parameters',
  'clippingNorm',
  'maxWeight',
  'minCohort',
  'maxCohort',
  'minSurvivors',
  'maxColluders',
  'privacy',
  'stepMillis',
  'planHash',
  'rosterHash',
  'baseModelHash',
  'segments',
  'segments.name',
  'segments.length',
  'segments.bits',
  'segments.quantBits',
  'segments.bound',
  'segments.kind',
] as const;

export type ConfigField = (typeof configFields)[number];

const morePeople = 'Wait for more participants, or propose a plan for fewer.';
const otherPlan = 'Ask the operator for a plan that says so, or change policy.yaml if you agree.';
const otherSegments = 'Propose a plan whose segments follow the model; leave segments out to have them made for it.';
const callTheOperator = 'Leave the session and tell the operator: the coordinator does not follow the plan.';
const otherData =
  'Correct data.yaml if the records are the same, or ask the operator for a plan over the records there are.';
const otherModel = 'Train the model whose topology and tensors the plan names.';

const config = Object.fromEntries(
  configFields.map((field) => [
    `config.${field}`,
    {
      required: `the session's ${field} as the approved plan and roster say`,
      fix: 'Approve the plan that says so, or leave the session.',
    },
  ]),
) as { readonly [Field in ConfigField as `config.${Field}`]: RuleGuide };

/** Rules that a `refused` error names: somebody's policy, a plan or the protocol said no. */
export const refusedRules = {
  ...config,
  'participation.paused': {
    required: 'an organization that takes part',
    fix: 'Wait until it resumes (participant resume); rounds go on without it.',
  },
  'participation.withdrawn': {
    required: 'a run that the organization did not withdraw from',
    fix: 'Go on without it; a new run needs a new approval.',
  },
  'rounds.hours': {
    required: 'a round at a time of day that the policy allows',
    fix: 'Wait for the hours that policy.yaml names, or change `rounds.hours`; the round goes on without this participant.',
  },
  'rounds.per-day': {
    required: 'fewer updates within 24 hours than the policy allows',
    fix: 'Wait, or change `rounds.perDay` in policy.yaml; the round goes on without this participant.',
  },
  'cohort.min': { required: 'at least as many participants as plan and policy demand', fix: morePeople },
  'cohort.max': { required: 'at most as many participants as the plan, and one session, allow', fix: 'Choose fewer.' },
  'cohort.colluders': {
    required: 'at least two participants more than may collude',
    fix: 'Wait for more participants, or propose a plan that tolerates fewer colluders.',
  },
  'cohort.survivors': { required: 'at least as many participants as must survive', fix: morePeople },
  'cohort.roster': { required: 'only participants of the approved roster, each once', fix: callTheOperator },
  'cohort.organization': { required: 'at most one participant of an organization', fix: callTheOperator },
  'cohort.unlisted': {
    required: 'at most as many members outside roster.known as may collude',
    fix: 'Compare the fingerprints of the others, then add them to roster.known in policy.yaml.',
  },
  'survivors.unlisted': {
    required: 'two others of roster.known in the sum',
    fix: 'Wait for the next round, or add participants whose fingerprint you compared to roster.known.',
  },
  'dealers.too-few': {
    required: 'enough dealers left to hide one among them and to open the sum',
    fix: 'Wait for the next round: too many left this one.',
  },
  'dealers.self': { required: 'this participant among the dealers', fix: 'Wait for the next round.' },
  'boxes.dealers': { required: 'one box from each other dealer of the cohort', fix: callTheOperator },
  'survivors.dealers': { required: 'survivors that are dealers', fix: callTheOperator },
  'survivors.too-few': {
    required: 'as many survivors as the plan demands and the threshold needs',
    fix: 'Wait for the next round: too many left this one.',
  },
  'certificate.short': { required: 'as many signatures as the threshold says', fix: callTheOperator },
  'abort.short': { required: 'as many signed aborts as the cohort and its colluders ask for', fix: callTheOperator },
  'abort.revealed': {
    required: 'a session in which nothing was revealed here',
    fix: 'Nothing to do: what was revealed stays revealed, and an abort beside it is never signed.',
  },
  'abort.signed': {
    required: 'no survivors and no certificate after an abort was signed',
    fix: 'Nothing to do: the session stays aborted here.',
  },
  'check.survivor': {
    required: 'a sum that holds this participant’s update',
    fix: 'Nothing to do: only those whose update is in a sum check it.',
  },
  'result.survivor': {
    required: 'a survivor of the session',
    fix: 'Nothing to do: only those whose update is in a sum see what it was made of.',
  },
  'result.unknown': {
    required: 'a session whose sum was opened and whose transcript is still kept',
    fix: 'Check within the rounds that the plan’s transcriptRetention names.',
  },
  'result.second': {
    required: 'one verdict on one sum, for ever',
    fix: 'Nothing to do: the verdict that was signed first stands.',
  },
  'result.disputed': {
    required: 'a run in which this participant disputed no sum',
    fix: 'Tell the operator what was disputed; take part again in a run of a new plan.',
  },
  'segments.count': { required: 'at least one segment and not too many', fix: otherSegments },
  'segments.bytes': { required: 'a masked vector within the bounds of the wire', fix: 'Propose a smaller model.' },
  'segments.ring': {
    required: 'a ring in which the largest cohort cannot overflow',
    fix: 'Use wider lanes, fewer quantization bits, or a smaller largest cohort.',
  },
  'segments.bits': { required: 'lanes of 16, 24 or 32 bits', fix: otherSegments },
  'segments.length': { required: 'at least one lane and not too many', fix: otherSegments },
  'segments.quantBits': { required: 'at least 2 bits for a model lane, at most the lane', fix: otherSegments },
  'segments.bound': { required: 'a finite bound above 0', fix: otherSegments },
  'base.signed': {
    required: 'another base model than one for which survivors were signed',
    fix: 'Approve a new plan, or let the run go on with the others.',
  },
  'fork.round': {
    required: 'a round that published a model',
    fix: 'Name another round; concordat coordinator explain tells what became of one.',
  },
  'fork.barred': {
    required: 'a model that enough organizations have taken part in no sum on',
    fix: 'Fork from the last round of the run.',
  },
  'base.contributions': {
    required: 'no more contributions to one base model than the policy allows',
    fix: 'Raise contributionsPerBase in the policy, or wait for the next model.',
  },
  policy: { required: 'a policy file', fix: 'Write policy.yaml: without one every plan is refused.' },
  proposers: { required: 'a plan signed by an operator that the policy lists', fix: otherPlan },
  purposes: { required: 'a purpose that the policy lists, word for word', fix: otherPlan },
  models: { required: 'a model topology that the policy lists', fix: otherPlan },
  dataSchemas: { required: 'a data schema that the policy lists', fix: otherPlan },
  'survivors.min': { required: 'at least as many survivors as the policy says', fix: otherPlan },
  maxColluders: { required: 'at least as many tolerated colluders as the policy says', fix: otherPlan },
  aggregateCheck: { required: 'sums that members may compute anew, where the policy asks for it', fix: otherPlan },
  differentialPrivacy: { required: 'differential privacy where the policy asks for it', fix: otherPlan },
  'weighting.exactCounts': { required: 'a weighting that does not tell exact counts', fix: otherPlan },
  metrics: { required: 'only metrics that the policy lists', fix: otherPlan },
  'approval.missing': {
    required: 'an approval of this plan and roster by everybody whom the policy names',
    fix: 'Type concordat participant plan show to see who is awaited; plan export writes what they sign.',
  },
  'approval.expired': {
    required: 'approvals that have not run out',
    fix: 'Approve the plan again, with a later --expires; where the plan itself has run out, ask for a new one.',
  },
  'approval.withdrawn': {
    required: 'a plan whose approval was not taken back',
    fix: 'Nothing to do; who changed their mind approves the plan again.',
  },
  'approval.refused': {
    required: 'as many approvals as the plan’s rule asks for, which are still possible',
    fix: 'Ask those who refused what would change their mind, then propose a plan that says so, or one with another rule.',
  },
  'approval.late': {
    required: 'the approvals that the plan’s rule asks for before the plan expires',
    fix: 'Ask those who are missing, then propose the plan again with a later time.',
  },
  'approval.named': {
    required: 'only participants of the roster of today among those whom the plan names',
    fix: 'Correct approval.participants in the plan, or admit who is missing: concordat coordinator participants.',
  },
  'approval.rule': {
    required: 'a plan whose first round waits for the approval of as many participants as the policy says',
    fix: otherPlan,
  },
  'approval.role': {
    required: 'a decision in a role that the policy names',
    fix: 'Sign with --role as approvers in policy.yaml say.',
  },
  'approval.key': {
    required: 'a decision by a key that the policy names for its role',
    fix: 'Sign with that key, or add the public key under approvers in policy.yaml if you know whose it is.',
  },
  'approval.foreign': {
    required: 'a decision about this participant, consortium and plan',
    fix: 'Export the plan here, and let that file be signed.',
  },
  'approval.expires': {
    required: 'an approval before the plan expires',
    fix: 'Ask for a new plan, and check the clock of this machine.',
  },
  'roster.additions': {
    required:
      'no member that was not approved, unless people approve the roster with the plan, or the policy accepts members',
    fix: 'Compare the fingerprints with the operator and the members. "approval: manual" has a person approve them with the plan; "roster: {additions: auto}" accepts members that are new or have another key.',
  },
  'roster.hash': {
    required: 'the roster approved here or the latest one',
    fix: 'Ask the operator which roster the run is held to.',
  },
  'plan.consortium': { required: 'a plan of this consortium', fix: 'Ask the operator for the right plan.' },
  'plan.run': { required: 'a plan for this run', fix: 'Ask the operator for the right plan.' },
  'examples.min': {
    required: 'at least as many examples as the policy says',
    fix: 'Bring more records, or lower examples.min in policy.yaml.',
  },
  'engine.lowering': {
    required: 'layers, activations, loss and optimizer that are lowered to ONNX',
    fix: 'Leave the engine to be chosen: tfjs trains what onnxruntime cannot.',
  },
  'task.loss': { required: 'a loss that this trainer knows', fix: 'Propose a plan with one of the names listed.' },
  'task.optimizer': {
    required: 'an optimizer that this trainer knows',
    fix: 'Propose a plan with one of the names listed.',
  },
  'task.optimizer.learningRate': { required: 'a finite number above 0', fix: 'Propose a plan with such a number.' },
  'task.rule': {
    required: 'a local rule for this model, and a trainer that applies it',
    fix: 'Give a proximal term from 0 on and a shift for every trained weight, or leave the rule out.',
  },
  'task.epochs': { required: 'at least one training step', fix: 'Propose a plan with more epochs or steps.' },
  'task.batchSize': { required: 'at least one example in a batch', fix: 'Propose a plan with a batch size above 0.' },
  'data.declaration': {
    required: 'records that are declared, where the plan names a data schema',
    fix: 'Write data.yaml beside the records (docs/data.md), or declare them in the program that embeds the client.',
  },
  'data.column': { required: 'exactly the columns that the plan names', fix: otherData },
  'data.type': { required: 'every column of the type that the plan names', fix: otherData },
  'data.target': { required: 'the columns as targets that the plan marks', fix: otherData },
  'data.categories': { required: 'the categories that the plan lists, in its order', fix: otherData },
  'data.range': { required: 'the range and scale that the plan names', fix: otherData },
  'data.missing': { required: 'the rule for missing cells that the plan names', fix: otherData },
  'data.order': { required: 'the columns in the order of the plan', fix: otherData },
  'data.examples': {
    required: 'at least as many examples as the plan asks for',
    fix: 'Bring more records, or ask the operator for a plan with a lower task.examplesMin.',
  },
  'data.cell': {
    required: 'cells of the type, the range and the categories that data.yaml declares',
    fix: 'Correct the cell or the declaration; concordat participant data check names every cell.',
  },
  'data.memory': {
    required: 'records that fit into the memory that data.yaml allows',
    fix: 'Set shuffleWindow in data.yaml, so that they are read anew for every pass, or raise memoryMegabytes.',
  },
  'data.changed': {
    required: 'as many records at every pass as there were at the start',
    fix: 'Start the client again after records were added or removed; rows of a program have to begin anew for every pass.',
  },
  'data.shape': {
    required: 'records whose inputs and targets have the sizes of the model',
    fix: 'Bring the records that the plan is about, or propose a plan for the records there are.',
  },
  'data.words': {
    required: "a row of the model's table for every word",
    fix: 'Number the words as the model does, or propose a model with a larger table.',
  },
  'data.labels': {
    required: 'an output of the model for every label',
    fix: 'Correct the labels, or propose a model with more outputs.',
  },
  'model.topology': {
    required: 'a tfjs layers model that this version can build',
    fix: 'Save the model with tf.LayersModel.save and propose it again.',
  },
  'model.tensors': { required: 'exactly the tensors that the plan lists', fix: otherModel },
  'model.shape': { required: 'every tensor in the shape that the plan gives it', fix: otherModel },
  'model.parameters': { required: 'as many values as the plan has parameters', fix: otherModel },
  'model.finite': {
    required: 'weights without NaN and infinities to train from',
    fix: 'Save the model again and propose it again: the file is damaged, or its training diverged.',
  },
  'model.trainable': {
    required: 'a model that tfjs computes, with a gradient for each of its layers and a weight to train',
    fix: 'Propose a model without the layer that the message speaks of; docs/trainers.md lists what trains.',
  },
  'training.loss': {
    required: 'a loss that is a finite number at every step',
    fix: 'Lower the learning rate, or look for records that are NaN or out of range.',
  },
  'update.finite': {
    required: 'an update without NaN and infinities',
    fix: 'Lower the learning rate, or look for records that are out of range.',
  },
  'trainer.external': {
    required: 'a policy that allows a trainer in a process of its own',
    fix: 'Set "externalTrainers: allowed" in policy.yaml if you trust that program with the records, or leave trainer out of participant.yaml.',
  },
  'trainer.refused': {
    required: 'a trainer that does the task',
    fix: 'Read what the trainer says about it, at the participant; nothing of that is sent.',
  },
  'trainer.examples': {
    required: 'a result from at least one example',
    fix: 'Let the trainer report how many examples it trained on.',
  },
  'blob.size': { required: 'a blob within the bounds of this version', fix: 'Propose a smaller model.' },
  'invitation.expired': {
    required: 'enrolment before the invitation expires',
    fix: 'Ask the operator for a new invitation.',
  },
  'invitation.used': {
    required: 'an invitation that was not used',
    fix: 'If it was not you, tell the operator at once; else ask for a new invitation.',
  },
  'invitation.foreign': {
    required: 'an invitation for this participant, organization and consortium',
    fix: 'Use the invitation that was written for you.',
  },
  'invitation.unknown': {
    required: 'the newest invitation written for this participant',
    fix: 'Use the newest invitation file, unchanged, or ask the operator for a new one.',
  },
  'directory.used': {
    required: 'a directory of the same participant and consortium',
    fix: 'Use an empty directory for another participant or another consortium.',
  },
  'enrolment.clock': {
    required: 'a clock near the one of the coordinator',
    fix: 'Set the clock of this machine, then enrol again.',
  },
  'admission.fingerprint': {
    required: 'the fingerprint that was compared over the telephone',
    fix: 'Call the organization again; admit nobody whose fingerprint differs.',
  },
  'authority.fingerprint': {
    required: 'a server of the TLS authority that the invitation names',
    fix: 'Check the address. If it is right, a proxy opens the connection or somebody else answers: call the operator.',
  },
} as const satisfies Readonly<Record<string, RuleGuide>>;
