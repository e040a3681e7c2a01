import { bounds } from '../../wire/bounds.js';
import type { Segment } from '../../wire/messages.js';
import type { ApprovalRule } from '../approval-rule.js';
import { dataSchemaOf } from '../data-schema.js';
import { exampleCountEdges } from '../example-count.js';
import type {
  Deadlines,
  GroupRules,
  Plan,
  PlannedMetric,
  RoundMode,
  ShortfallRule,
  Task,
  TensorShape,
} from '../plan.js';
import type { Reader } from './reader.js';

const idText = {
  max: bounds.idCharactersMax,
  pattern: /^[a-z0-9][a-z0-9-]{0,62}$/,
  what: 'an id of a–z, 0–9 and hyphen',
};
const digestText = { max: 43, pattern: /^[A-Za-z0-9_-]{43}$/, what: 'a SHA-256 as 43 characters of base64url' };
const nameText = { max: 128, pattern: /^[A-Za-z0-9][A-Za-z0-9._/:-]*$/, what: 'a name of letters, digits and ._/:-' };
const freeText = { max: bounds.textCharactersMax };

/** The shape of a plan: every field present, of its type, within its bounds, and nothing else. Rules between fields are in check.ts. */
export function readPlan(plan: Reader): Plan {
  plan.only(planFields);
  const parent = plan.optional('parent');
  return {
    schema: plan.field('schema').choice(['concordat/plan/1']),
    consortium: plan.field('consortium').text(idText),
    run: plan.field('run').text(idText),
    purpose: plan.field('purpose').text(freeText),
    task: readTask(plan.field('task')),
    rounds: plan.field('rounds').integer(1, bounds.roundsMax),
    strategy: readStrategy(plan.field('strategy')),
    cohort: readCohort(plan.field('cohort')),
    reportingGoal: plan.field('reportingGoal').integer(1, bounds.rosterMembersMax),
    deadlines: readDeadlines(plan.field('deadlines')),
    onShortfall: readShortfall(plan.field('onShortfall')),
    mode: readMode(plan.field('mode')),
    secureAggregation: readSecureAggregation(plan.field('secureAggregation')),
    weighting: plan.field('weighting').choice(['equal', 'powers-of-two', 'examples']),
    clippingNorm: plan.field('clippingNorm').positive(),
    privacy: readPrivacy(plan.field('privacy')),
    metrics: plan.field('metrics').items(0, bounds.metricsMax).map(readMetric),
    approval: readApproval(plan.field('approval')),
    transcriptRetention: plan.field('transcriptRetention').integer(0, bounds.roundsMax),
    ...(parent === undefined ? {} : { parent: parent.text(digestText) }),
  };
}

const planFields = [
  'schema',
  'consortium',
  'run',
  'purpose',
  'task',
  'rounds',
  'strategy',
  'cohort',
  'reportingGoal',
  'deadlines',
  'onShortfall',
  'mode',
  'secureAggregation',
  'weighting',
  'clippingNorm',
  'privacy',
  'metrics',
  'approval',
  'transcriptRetention',
  'parent',
];

function readTask(task: Reader): Task {
  task.only([
    'model',
    'loss',
    'optimizer',
    'batchSize',
    'epochs',
    'steps',
    'dataSchemaDigest',
    'dataSchema',
    'examplesMin',
  ]);
  const model = task.field('model');
  model.only(['topologyDigest', 'weightsDigest', 'tensors']);
  const optimizer = task.field('optimizer');
  optimizer.only(['name', 'learningRate']);
  const epochs = task.optional('epochs')?.integer(1, 1_000_000);
  const steps = task.optional('steps')?.integer(1, 1_000_000_000);
  const dataSchema = task.optional('dataSchema');
  const examplesMin = task.optional('examplesMin');
  if ((epochs === undefined) === (steps === undefined)) {
    throw task.complaint(
      'task needs either epochs or steps',
      'one of epochs, steps',
      epochs === undefined ? 'none' : 'both',
      'Keep one.',
    );
  }
  return {
    model: {
      topologyDigest: model.field('topologyDigest').text(digestText),
      weightsDigest: model.field('weightsDigest').text(digestText),
      tensors: model.field('tensors').items(1, bounds.tensorsMax).map(readTensor),
    },
    loss: task.field('loss').text(nameText),
    optimizer: {
      name: optimizer.field('name').text(nameText),
      learningRate: optimizer.field('learningRate').positive(),
    },
    batchSize: task.field('batchSize').integer(1, 1_000_000),
    ...(epochs === undefined ? {} : { epochs }),
    ...(steps === undefined ? {} : { steps }),
    dataSchemaDigest: task.field('dataSchemaDigest').text(digestText),
    ...(dataSchema === undefined ? {} : { dataSchema: dataSchemaOf(dataSchema) }),
    ...(examplesMin === undefined ? {} : { examplesMin: readExamplesMin(examplesMin) }),
  };
}

function readExamplesMin(field: Reader): number {
  const examples = field.integer(1, exampleCountEdges.at(-1)!);
  if (exampleCountEdges.includes(examples)) return examples;
  throw field.complaint(
    'a plan asks for an example count in steps, so that refusals tell no more than a bucket',
    '10, 20, 50, 100, 200, 500, 1000 and so on',
    examples,
    'Take the next of these numbers.',
  );
}

function readTensor(tensor: Reader): TensorShape {
  tensor.only(['name', 'shape']);
  return {
    name: tensor.field('name').text(nameText),
    shape: tensor
      .field('shape')
      .items(0, bounds.tensorRankMax)
      .map((dimension) => dimension.integer(1, bounds.lanesMax)),
  };
}

function readStrategy(strategy: Reader): Plan['strategy'] {
  strategy.only(['name']);
  return { name: strategy.field('name').choice(['fedavg']) };
}

function readCohort(cohort: Reader): Plan['cohort'] {
  cohort.only(['min', 'size', 'max', 'overSelection']);
  return {
    min: cohort.field('min').integer(1, bounds.cohortMax),
    size: cohort.field('size').integer(1, bounds.rosterMembersMax),
    max: cohort.field('max').integer(1, bounds.cohortMax),
    overSelection: cohort.field('overSelection').number(1, bounds.overSelectionMax),
  };
}

function readMode(mode: Reader): RoundMode {
  if (typeof mode.raw !== 'object' || mode.raw === null) return mode.choice<'sync'>(['sync']);
  mode.only(['async']);
  const rules = mode.field('async');
  rules.only(['bufferSize', 'maxStaleness', 'stalenessWeight']);
  return {
    async: {
      bufferSize: rules.field('bufferSize').integer(1, bounds.cohortMax),
      maxStaleness: rules.field('maxStaleness').integer(0, bounds.stalenessMax),
      stalenessWeight: rules.field('stalenessWeight').choice(['none', 'inverse-sqrt', 'inverse']),
    },
  };
}

function readDeadlines(deadlines: Reader): Deadlines {
  deadlines.only(['selectMillis', 'readyMillis', 'stepMillis', 'graceMillis', 'leaseBytesPerSecond']);
  const millis = (name: string) => deadlines.field(name).integer(1, bounds.durationMillisMax);
  return {
    selectMillis: millis('selectMillis'),
    readyMillis: millis('readyMillis'),
    stepMillis: millis('stepMillis'),
    graceMillis: millis('graceMillis'),
    leaseBytesPerSecond: deadlines.field('leaseBytesPerSecond').integer(1, 2 ** 40),
  };
}

function readShortfall(rule: Reader): ShortfallRule {
  rule.only(['action', 'times']);
  const action = rule.field('action').choice(['retry', 'pause', 'abort']);
  if (action === 'retry') return { action, times: rule.field('times').integer(0, 1_000_000) };
  rule.only(['action']);
  return { action };
}

function readSecureAggregation(secagg: Reader): Plan['secureAggregation'] {
  secagg.only([
    'suite',
    'maxColluders',
    'minSurvivors',
    'segments',
    'maxWeight',
    'rotation',
    'aggregateCheck',
    'groups',
  ]);
  const rotation = secagg.optional('rotation');
  const groups = secagg.optional('groups');
  return {
    suite: secagg.field('suite').choice(['CSA1']),
    maxColluders: secagg.field('maxColluders').integer(0, bounds.cohortMax),
    minSurvivors: secagg.field('minSurvivors').integer(1, bounds.cohortMax),
    segments: secagg.field('segments').items(1, bounds.segmentsMax).map(readSegment),
    maxWeight: secagg.field('maxWeight').integer(1, 2 ** 31),
    ...(rotation === undefined ? {} : { rotation: rotation.choice(['none', 'hadamard']) }),
    aggregateCheck: secagg.field('aggregateCheck').choice(['on', 'off']),
    ...(groups === undefined ? {} : { groups: readGroups(groups) }),
  };
}

function readGroups(groups: Reader): GroupRules {
  groups.only(['min', 'combine', 'trimPercent']);
  const min = groups.field('min').integer(1, bounds.rosterMembersMax);
  const combine = groups.field('combine').choice(['sum', 'median', 'trimmed-mean']);
  if (combine === 'trimmed-mean') return { min, combine, trimPercent: groups.field('trimPercent').integer(1, 49) };
  groups.only(['min', 'combine']);
  return { min, combine };
}

function readSegment(segment: Reader): Segment {
  segment.only(['name', 'length', 'bits', 'quantBits', 'bound', 'kind']);
  return {
    name: segment.field('name').text(nameText),
    length: segment.field('length').integer(1, bounds.lanesMax),
    bits: segment.field('bits').choice([16, 24, 32]),
    quantBits: segment.field('quantBits').integer(0, 32),
    bound: segment.field('bound').positive(),
    kind: segment.field('kind').choice(['model', 'weight', 'metrics', 'excess']),
  };
}

function readPrivacy(privacy: Reader): Plan['privacy'] {
  privacy.only(['mechanism']);
  return { mechanism: privacy.field('mechanism').choice(['none']) };
}

function readMetric(metric: Reader): PlannedMetric {
  metric.only(['name', 'kind', 'max']);
  return {
    name: metric.field('name').text(nameText),
    kind: metric.field('kind').choice(['rate', 'bounded']),
    max: metric.field('max').positive(),
  };
}

function readApproval(approval: Reader): Plan['approval'] {
  const refusals = approval.optional('refusals');
  return {
    ...readApprovalRule(approval),
    expires: approval.field('expires').text({
      max: 40,
      pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
      what: 'a UTC time such as 2030-01-31T00:00:00Z',
    }),
    ...(refusals === undefined ? {} : { refusals: refusals.choice(['visible', 'hidden']) }),
  };
}

function readApprovalRule(approval: Reader): ApprovalRule {
  const rule = approval.field('rule').choice(['each', 'all', 'share', 'named']);
  const only = (...fields: readonly string[]) => approval.only(['rule', ...fields, 'expires', 'refusals']);
  switch (rule) {
    case 'each':
    case 'all':
      only();
      return { rule };
    case 'share': {
      only('parts', 'of');
      const count = (name: string) => approval.field(name).integer(1, bounds.rosterMembersMax);
      return { rule, parts: count('parts'), of: count('of') };
    }
    case 'named': {
      only('participants');
      const names = approval.field('participants').items(1, bounds.rosterMembersMax);
      return { rule, participants: names.map((name) => name.text(idText)) };
    }
  }
}
