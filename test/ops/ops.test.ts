import { readFileSync } from 'node:fs';
import { webhookEvents } from '@concordat/coordinator';
import { expect } from 'chai';
import { load } from 'js-yaml';
import { TestConsortium } from '../coordinator/consortium.js';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

const alerts = load(readFileSync('ops/prometheus/concordat-alerts.yaml', 'utf8')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = alerts.groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(readFileSync('ops/grafana/concordat-coordinator.json', 'utf8')) as Dashboard;
const guide = readFileSync('docs/operating.md', 'utf8');

/** Metrics of ours, of Node and of the process in an expression, without the suffixes of a histogram. */
const metricsIn = (expr: string) =>
  [...expr.matchAll(/\b(?:concordat|nodejs|process)_[a-z0-9_]+/g)].map(([name]) => name.replace(/_(sum|count)$/, ''));

describe('what operators watch a coordinator with', function () {
  this.timeout(30_000);
  let exposed: ReadonlyMap<string, readonly string[]>;

  before(async () => {
    const observe = { host: '127.0.0.1', port: 0 };
    const listen = { host: '127.0.0.1', port: 0 };
    const configuration = { address: '127.0.0.1:0', listen, logLevel: 'info', observe } as const;
    const consortium = await TestConsortium.open({ configuration });
    const text = await (await fetch(`http://127.0.0.1:${consortium.coordinator.observePort}/metrics`)).text();
    await consortium.close();
    exposed = new Map([...text.matchAll(/^# HELP (\S+) (.+)$/gm)].map(([, name, help]) => [name!, [help!]]));
  });

  it('asks only for metrics that there are', () => {
    const asked = [
      ...rules.map(({ expr }) => expr),
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ];
    for (const expr of asked) for (const name of metricsIn(expr)) expect([...exposed.keys()], expr).to.include(name);
    expect(asked.flatMap(metricsIn)).to.have.length.above(20);
  });

  it('has a runbook for every alert, and an alert for every runbook', () => {
    const [, runbooks] = guide.split(/^## (?:When something is wrong|Events without an alert)$/m);
    const headings = [...runbooks!.matchAll(/^### (\S+)$/gm)].map(([, name]) => name!);
    expect(headings).to.deep.equal(rules.map(({ alert }) => alert));
    for (const { alert, annotations } of rules) {
      expect(annotations.runbook).to.equal(`docs/operating.md#${alert.toLowerCase()}`);
      expect(annotations.summary).to.match(/\.$/);
    }
  });

  it('has a section for every event that a webhook is told of, which its notice names', () => {
    const sections = [...guide.matchAll(/^### (\S+)$/gm)].map(([, name]) => name!);
    const rows = [...guide.matchAll(/^\| `([a-z-]+)` \| .+ \| \[(\S+)\]\(#(\S+)\) \|$/gm)];
    expect(rows.map(([, event]) => event)).to.deep.equal([...webhookEvents]);
    const source = readFileSync('coordinator/src/webhooks/notices.ts', 'utf8');
    for (const [, event, section, anchor] of rows) {
      expect(sections, event).to.include(section);
      expect(anchor).to.equal(section!.toLowerCase());
      expect(source, event).to.match(new RegExp(`event: '${event}'[^;]+runbook\\('${anchor}'\\)`));
    }
  });

  it('explains every metric of ours', () => {
    const ours = [...exposed.keys()].filter((name) => name.startsWith('concordat_'));
    expect(ours).to.have.length.above(10);
    for (const name of ours) expect(guide, name).to.contain(name);
  });
});
