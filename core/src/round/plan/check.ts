import { FederatedError } from '../../errors.js';
import { laneMagnitude, layoutOf, requireRing } from '../../secagg/layout.js';
import { robustGroupsMin, trimmedGroups } from '../../update/combine.js';
import { parameterCount } from '../../update/tensors.js';
import { weightUnit } from '../../update/weight.js';
import { bounds } from '../../wire/bounds.js';
import { digestDataSchema } from '../data-schema.js';
import { roundMinimum } from '../grouping.js';
import type { Plan } from '../plan.js';
import { isRotated, modelBound } from '../segments.js';
import type { Reader } from './reader.js';
import { threeNeedAll } from './tolerance.js';

/**
 * Refuse by name what the design knows and this version does not do. Runs before the shape is read, so that a plan for a
 * later version is not called misspelt.
 */
export function refuseWhatDoesNotExist(plan: Reader): void {
  refuseUnless(plan.optional('privacy')?.optional('mechanism'), 'none', 'differential privacy');
  refuseUnless(plan.optional('strategy')?.optional('name'), 'fedavg', 'another strategy than fedavg');
  refuseUnless(plan.optional('secureAggregation')?.optional('suite'), 'CSA1', 'another suite than CSA1');
  refuse(plan.optional('stopWhen'), 'stopping early');
  refuse(plan.optional('secureAggregation')?.optional('abortCertificates'), 'abort certificates');
  const max = plan.optional('cohort')?.optional('max');
  if (typeof max?.raw === 'number' && max.raw > bounds.cohortMax) {
    throw max.refusal(
      `one session holds at most ${bounds.cohortMax} participants; more are divided into groups`,
      bounds.cohortMax,
      max.raw,
      `Set cohort.max to at most ${bounds.cohortMax}, the largest group, and cohort.size to all who take part in a round.`,
    );
  }
}

function refuseUnless(field: Reader | undefined, only: string | number, what: string): void {
  if (field !== undefined && field.raw !== only) refuse(field, what, only);
}

function refuse(field: Reader | undefined, what: string, only: string | number = 'absent'): void {
  if (field === undefined) return;
  const offered = JSON.stringify(field.raw)?.slice(0, 80) ?? 'nothing';
  const fix = only === 'absent' ? 'Remove the field.' : `Set it to ${JSON.stringify(only)}.`;
  throw field.refusal(`${what} does not exist in this version`, only, offered, fix);
}

/**
 * The rules between fields: thresholds that can hold, segments that fit the model and the ring.
 *
 * @throws `refused` with the field as the rule, what was required, what was offered and the fix.
 */
export function checkPlan(plan: Plan, reader: Reader): void {
  checkThresholds(plan, reader);
  checkGroups(plan, reader);
  checkMode(plan, reader);
  checkNames(plan, reader);
  checkSchemaDigest(plan, reader);
  checkRetention(plan, reader);
  checkApproval(plan, reader);
  checkSegments(plan, reader.field('secureAggregation').field('segments'));
  const { max } = plan.cohort;
  try {
    layoutOf(plan.secureAggregation.segments);
    requireRing(plan.secureAggregation.segments, { maxCohort: max });
  } catch (error) {
    if (!(error instanceof FederatedError)) throw error;
    const { rule, required, offered } = error.detail;
    const said = reader
      .field('secureAggregation')
      .field('segments')
      .refusal(error.message, String(required), String(offered), error.fix);
    throw new FederatedError('refused', `${said.message}, for ${max} participants`, {
      detail: { ...said.detail, rule: rule ?? 'segments' },
      fix: error.fix,
    });
  }
}

/** Rules of approvals: a share that can be had, and everybody named once. */
function checkApproval({ approval }: Plan, reader: Reader): void {
  const field = reader.field('approval');
  if (approval.rule === 'share' && approval.parts > approval.of) {
    throw field
      .field('parts')
      .refusal('no more can approve than there are', approval.of, approval.parts, 'Set parts to at most of.');
  }
  if (approval.rule !== 'named') return;
  const again = approval.participants.findIndex((name, i) => approval.participants.indexOf(name) < i);
  if (again < 0) return;
  const name = approval.participants[again]!;
  throw field.field('participants').refusal(`${name} is named twice`, 'everybody once', name, 'Remove one of the two.');
}

/** Rules of asynchronous rounds: a buffer that can fill is one session, and nobody is chosen beyond it. */
function checkMode({ mode, cohort, secureAggregation }: Plan, reader: Reader): void {
  if (mode === 'sync') return;
  const size = reader.field('mode').field('async').field('bufferSize');
  const { bufferSize } = mode.async;
  const most = Math.min(cohort.size, cohort.max);
  if (bufferSize < cohort.min || bufferSize > most) {
    throw size.refusal(
      `a buffer of ${bufferSize} updates is not one session of the plan`,
      `${cohort.min} to ${most}`,
      bufferSize,
      'Keep cohort.min ≤ bufferSize ≤ cohort.max, and at most cohort.size, which is how many train at a time.',
    );
  }
  if (secureAggregation.groups !== undefined) {
    throw reader
      .field('secureAggregation')
      .field('groups')
      .refusal('an asynchronous session has no groups', 'absent', 'groups', 'Remove the field, or set mode to "sync".');
  }
  if (cohort.overSelection === 1) return;
  throw reader
    .field('cohort')
    .field('overSelection')
    .refusal(
      'asynchronous rounds leave nobody behind, so nobody is chosen for others',
      1,
      cohort.overSelection,
      'Set it to 1; cohort.size says how many train at a time.',
    );
}

/** Rules of groups: present exactly where there are several, able to be formed, and enough for what is made of them. */
function checkGroups(plan: Plan, reader: Reader): void {
  const { cohort, secureAggregation } = plan;
  const { groups, segments } = secureAggregation;
  const field = reader.field('secureAggregation');
  if (groups === undefined) return;
  const rules = field.field('groups');
  if (cohort.size <= cohort.max) {
    throw rules.refusal(
      `a round of ${cohort.size} participants is one session of at most ${cohort.max}`,
      'absent',
      JSON.stringify(groups),
      'Remove the field, or set cohort.size above cohort.max.',
    );
  }
  const wanted = groups.combine === 'sum' ? 1 : robustGroupsMin;
  if (groups.min < wanted) {
    throw rules
      .field('min')
      .refusal(
        `${groups.combine} of fewer than ${wanted} groups bounds nobody’s influence`,
        wanted,
        groups.min,
        `Set it to at least ${wanted}.`,
      );
  }
  if (groups.combine === 'trimmed-mean' && trimmedGroups(groups.min, groups.trimPercent) < 1) {
    const required = Math.ceil(100 / groups.min);
    throw rules
      .field('trimPercent')
      .refusal(
        `${groups.trimPercent} % of ${groups.min} groups is less than one: nothing would be trimmed`,
        required,
        groups.trimPercent,
        `Set it to at least ${required}, or require more groups.`,
      );
  }
  // Lanes of several sums are added as 32-bit integers.
  for (const segment of segments) {
    const reach = cohort.size * laneMagnitude(segment);
    if (reach < 2 ** 31) continue;
    throw field
      .field('segments')
      .refusal(
        `the sum of segment ${segment.name} over all groups could leave 32 bits`,
        2 ** 31 - 1,
        reach,
        'Use fewer quantization bits, or plan for fewer participants.',
      );
  }
}

function checkThresholds(plan: Plan, reader: Reader): void {
  const { cohort, reportingGoal, secureAggregation } = plan;
  const secagg = reader.field('secureAggregation');
  const small = cohort.min <= bounds.cohortMin || cohort.size <= bounds.cohortMin ? ` ${threeNeedAll}` : '';
  const { groups } = secureAggregation;
  type Order = readonly [Reader, string, number, string, number];
  const goal = (least: string, count: number): Order => [
    reader.field('reportingGoal'),
    'reportingGoal',
    reportingGoal,
    least,
    count,
  ];
  const size: Order = [
    reader.field('cohort').field('size'),
    'cohort.size',
    cohort.size,
    'reportingGoal',
    reportingGoal,
  ];
  const max = (least: string, count: number): Order => [
    reader.field('cohort').field('max'),
    'cohort.max',
    cohort.max,
    least,
    count,
  ];
  const oneSession = [goal('cohort.min', cohort.min), size, max('cohort.size', cohort.size)];
  const severalSessions = [
    goal('cohort.min in each required group', roundMinimum(plan)),
    size,
    max('cohort.min', cohort.min),
  ];
  const order: readonly Order[] = [
    [
      secagg.field('minSurvivors'),
      'secureAggregation.minSurvivors',
      secureAggregation.minSurvivors,
      'the smallest sum',
      bounds.cohortMin,
    ],
    [reader.field('cohort').field('min'), 'cohort.min', cohort.min, 'minSurvivors', secureAggregation.minSurvivors],
    ...(groups === undefined ? oneSession : severalSessions),
  ];
  for (const [field, name, value, below, floor] of order) {
    if (value >= floor) continue;
    throw field.refusal(
      `${name} is ${value}, below ${below} (${floor}).${small}`,
      floor,
      value,
      groups === undefined
        ? 'Keep 3 ≤ minSurvivors ≤ cohort.min ≤ reportingGoal ≤ cohort.size ≤ cohort.max; a size above max needs secureAggregation.groups.'
        : 'Keep 3 ≤ minSurvivors ≤ cohort.min ≤ cohort.max and cohort.min · groups.min ≤ reportingGoal ≤ cohort.size.',
    );
  }
  if (secureAggregation.maxColluders > cohort.min - 2) {
    throw secagg
      .field('maxColluders')
      .refusal(
        `${cohort.min} participants cannot hide one from ${secureAggregation.maxColluders} colluders.${small}`,
        cohort.min - 2,
        secureAggregation.maxColluders,
        'Keep maxColluders ≤ cohort.min − 2.',
      );
  }
}

/** Rounds in which a member that was offline can still check a sum. */
const checkedRoundsMin = 2;

function checkRetention({ secureAggregation, transcriptRetention }: Plan, reader: Reader): void {
  if (secureAggregation.aggregateCheck === 'off' || transcriptRetention >= checkedRoundsMin) return;
  throw reader
    .field('transcriptRetention')
    .refusal(
      'what the aggregate check needs is not kept long enough',
      checkedRoundsMin,
      transcriptRetention,
      'Keep transcripts for at least two rounds, or set secureAggregation.aggregateCheck to "off".',
    );
}

/** The digest is what policies list: it is the schema's own, or a plan could show one and mean another. */
function checkSchemaDigest({ task: { dataSchema, dataSchemaDigest } }: Plan, reader: Reader): void {
  if (dataSchema === undefined) return;
  const digest = digestDataSchema(dataSchema);
  if (digest === dataSchemaDigest) return;
  throw reader
    .field('task')
    .field('dataSchemaDigest')
    .refusal(
      'the digest is not that of the data schema in the plan',
      digest,
      dataSchemaDigest,
      `Set it to ${digest}, or leave it out of a draft.`,
    );
}

function checkNames(plan: Plan, reader: Reader): void {
  const lists: readonly [Reader, readonly { readonly name: string }[]][] = [
    [reader.field('task').field('model').field('tensors'), plan.task.model.tensors],
    [reader.field('secureAggregation').field('segments'), plan.secureAggregation.segments],
    [reader.field('metrics'), plan.metrics],
  ];
  for (const [field, named] of lists) {
    const twice = named.find((item, i) => named.findIndex((other) => other.name === item.name) < i);
    if (twice === undefined) continue;
    throw field.complaint(
      `the name ${twice.name} appears twice`,
      'distinct names',
      twice.name,
      'Rename one of the two.',
    );
  }
  const rates = reader.field('metrics').items(0, bounds.metricsMax);
  plan.metrics.forEach((metric, i) => {
    if (metric.kind !== 'rate' || metric.max === 1) return;
    throw rates[i]!.complaint(
      `metric ${metric.name} is a rate`,
      'max 1',
      metric.max,
      'Set max to 1, or kind to "bounded".',
    );
  });
}

function checkSegments(plan: Plan, field: Reader): void {
  const { segments } = plan.secureAggregation;
  const lanes = (kind: string) => segments.filter((segment) => segment.kind === kind).map((segment) => segment.length);
  const required: readonly [string, string, string][] = [
    [
      'model',
      String(parameterCount(plan.task.model.tensors)),
      String(lanes('model').reduce((sum, length) => sum + length, 0)),
    ],
    ['weight', '1', lanes('weight').join()],
    ['excess', isRotated(plan) ? '1' : '', lanes('excess').join()],
    ['metrics', plan.metrics.length === 0 ? '' : String(plan.metrics.length + 1), lanes('metrics').join()],
  ];
  for (const [kind, lanesRequired, lanesOffered] of required) {
    if (lanesRequired === lanesOffered) continue;
    throw field.refusal(
      `the ${kind} lanes do not fit the plan`,
      lanesRequired || 'no such segment',
      lanesOffered || 'no such segment',
      'Model lanes are one for each parameter, weight lanes one, metric lanes one for each metric and one to count, excess lanes one with a rotation.',
    );
  }
  segments.forEach((segment, i) => {
    const item = field.items(1, bounds.segmentsMax)[i]!;
    const bound = segment.kind === 'model' ? modelBound(plan, segment.length) : weightUnit;
    if (segment.bound !== bound) {
      const reason = isRotated(plan) ? ', what the rotation leaves of the clipping norm' : ', the clipping norm';
      const fix = `Set it to ${bound}${segment.kind === 'model' ? reason : ''}.`;
      throw item
        .field('bound')
        .refusal(`segment ${segment.name} has another bound than its kind`, bound, segment.bound, fix);
    }
    if (segment.kind !== 'model' && (segment.bits !== 32 || segment.quantBits !== 0)) {
      throw item
        .field('bits')
        .refusal(
          `segment ${segment.name} holds integers`,
          '32 bits, quantBits 0',
          segment.bits,
          'Use bits 32 and quantBits 0.',
        );
    }
  });
}
