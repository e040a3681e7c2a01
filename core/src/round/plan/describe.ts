import { layoutOf } from '../../secagg/layout.js';
import { thresholdOf } from '../../secagg/thresholds.js';
import { approvalRuleInWords } from '../approval-rule.js';
import type { Plan } from '../plan.js';
import { planParameters } from '../segments.js';
import { describePrecision } from './precision.js';
import { describeGroups, describeMode, describeTolerance } from './tolerance.js';

/**
 * What a plan asks of a participant and what is done with it, in sentences for people, the most important first. Everything follows from
 * the plan; its free text is in the first line alone.
 */
export function describePlan(plan: Plan): readonly string[] {
  const { cohort, rounds, secureAggregation, metrics, approval, parent } = plan;
  const { minSurvivors, maxColluders, aggregateCheck } = secureAggregation;
  const { lengthBytes } = layoutOf(secureAggregation.segments);
  const least = Math.max(thresholdOf(cohort.min, maxColluders), minSurvivors);
  const measured = metrics.map(({ name }) => name).join(', ');
  return [
    `Purpose: ${plan.purpose}`,
    `Run ${plan.run} publishes ${rounds} ${rounds === 1 ? 'model' : 'models'}${parent === undefined ? '' : ', beginning with the model of an earlier run'}.`,
    `Trained where the records are: ${trainingInWords(plan)}.`,
    ...describeRecords(plan),
    `Leaves your organization: in each round one masked update of ${lengthBytes.toLocaleString('en')} bytes${measured === '' ? '' : `, with ${measured} masked in it`}; signatures, and that you take part. No record, and nothing unmasked.`,
    `Opened: only sums, each of at least ${least} updates, while at most ${maxColluders} of those who take part help the coordinator.`,
    aggregateCheck === 'on'
      ? 'Checked: whoever is in a sum is shown what it takes to compute it anew, and signs it or disputes it.'
      : 'Not checked: nobody but the coordinator can compute a sum.',
    'Not limited: what sums and models tell of records. No differential privacy guarantee.',
    `Tolerates: ${describeTolerance(plan)}`,
    `Precision: ${describePrecision(plan)}`,
    ...describeGroups(plan),
    ...describeMode(plan),
    ...describeApproval(approval),
  ];
}

/** For whose approvals the first round waits, and who sees who refused. */
export function describeApproval(approval: Plan['approval']): string[] {
  const { rule, expires, refusals = 'hidden' } = approval;
  const seen =
    refusals === 'visible'
      ? 'every participant sees who refused and by which rule'
      : 'only the operator sees who refused';
  return [
    `Can be approved until ${expires}; no round is entered after that.`,
    rule === 'each'
      ? `Begins with those who approved, waiting for nobody; ${seen}.`
      : `Begins when the rule on approvals holds: the first round waits for ${approvalRuleInWords(approval)}, until ${expires} at the latest; ${seen}.`,
  ];
}

/** What the records must be, where the plan says; names are of the plan and hold nothing that a terminal would obey. */
function describeRecords({ task: { dataSchema, examplesMin } }: Plan): string[] {
  const least = examplesMin === undefined ? [] : [`at least ${amount(examplesMin, 'example')}`];
  const columns = dataSchema?.columns ?? [];
  const named = (target: boolean) =>
    columns
      .filter((column) => (column.target === true) === target)
      .map(({ name, type }) => `${name} (${type})`)
      .slice(0, columnsShown)
      .join(', ');
  const inputs = columns.filter(({ target }) => target !== true).length;
  const more = inputs > columnsShown ? ` and ${inputs - columnsShown} more` : '';
  const shape = dataSchema === undefined ? [] : [`columns ${named(false)}${more}, to find ${named(true)}`];
  const parts = [...shape, ...least];
  return parts.length === 0
    ? []
    : [`Records: ${parts.join('; ')}. Held against your own data.yaml before the first round.`];
}

const columnsShown = 12;

function trainingInWords(plan: Plan): string {
  const { loss, optimizer, batchSize, epochs, steps = 0 } = plan.task;
  const length = epochs === undefined ? amount(steps, 'step') : amount(epochs, 'epoch');
  return `${planParameters(plan).toLocaleString('en')} parameters, ${length} of ${optimizer.name} (learning rate ${optimizer.learningRate}) in batches of ${batchSize}, loss ${loss}; an update is clipped to norm ${plan.clippingNorm}`;
}

function amount(count: number, of: string): string {
  return `${count} ${of}${count === 1 ? '' : 's'}`;
}
