import { readFileSync } from 'node:fs';
import { coordinatorSettings, resolveConfiguration } from '@concordat/coordinator';
import { expect } from 'chai';
import { load } from 'js-yaml';
import { execForm, parseContainerfile } from './containerfile.js';

interface Compose {
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly volumes: object;
}

const text = readFileSync('ops/image/Containerfile', 'utf8');
const stages = parseContainerfile(text);
const image = stages.at(-1)!;
const of = (name: string) => image.instructions.filter((one) => one.name === name).map((one) => one.text);
const environment = Object.fromEntries(of('ENV').map((one) => one.split('=') as [string, string]));
const compose = load(readFileSync('ops/image/compose.yaml', 'utf8')) as Compose;
const service = compose.services.coordinator!;

describe('the image of a coordinator', () => {
  it('is built of the sources, and keeps what npm packs and nothing of how it was made', () => {
    expect(stages.map(({ as }) => as)).to.deep.equal(['build', undefined]);
    expect(new Set(stages.map(({ base }) => base)).size).to.equal(1);
    const copied = image.instructions.filter(({ name }) => name === 'COPY');
    expect(copied.map(({ flags, text: what }) => [flags.from, what])).to.deep.equal([['build', '/packages /packages']]);
    const { workspaces } = JSON.parse(readFileSync('package.json', 'utf8')) as { workspaces: string[] };
    const published = workspaces.filter((one) => !JSON.parse(readFileSync(`${one}/package.json`, 'utf8')).private);
    const packed = [...text.matchAll(/--workspace (\S+)/g)].map(([, name]) => name);
    expect(packed.sort()).to.deep.equal(published.sort());
  });

  it('runs no install script, like every other installation', () => {
    const installs = [...text.matchAll(/npm (?:ci|install)[^\n]*/g)].map(([line]) => line);
    expect(installs).to.have.lengthOf(2);
    for (const line of installs) expect(line).to.contain('--ignore-scripts');
  });

  it('runs as a user of its own, who owns the one volume and nothing else', () => {
    expect(of('USER')).to.deep.equal(['10001:10001']);
    const run = of('RUN').join(' ');
    expect(run).to.match(/useradd --uid 10001 --gid 10001 .*--shell \/usr\/sbin\/nologin/);
    expect(run).to.contain('install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/concordat');
    expect(of('VOLUME')).to.deep.equal(['["/var/lib/concordat"]']);
    const order = image.instructions.map(({ name }) => name);
    expect(order.indexOf('USER')).to.be.greaterThan(order.lastIndexOf('RUN'));
  });

  it('sets what the coordinator reads, to values it takes', async () => {
    const variables = Object.keys(environment).filter((name) => name.startsWith('CONCORDAT_'));
    const read = Object.values(coordinatorSettings).flatMap((setting) =>
      'environment' in setting ? [setting.environment] : [],
    );
    for (const variable of variables) expect(read).to.include(variable);
    const { values, problems } = await resolveConfiguration({ environment });
    expect(problems.filter(({ where }) => where.startsWith('CONCORDAT_'))).to.deep.equal([]);
    expect(values).to.include({ host: '0.0.0.0', port: 7443, observe: '127.0.0.1:9464' });
    expect(values.directory.startsWith(`${execForm(of('VOLUME')[0]!)[0]}/`)).to.equal(true);
    expect(of('EXPOSE')).to.deep.equal([String(values.port)]);
  });

  it('is asked for its health where it answers it, and starts a coordinator unless told otherwise', () => {
    const [health] = of('HEALTHCHECK');
    const command = execForm(health!.slice(health!.indexOf('CMD ') + 4));
    expect(command.slice(0, 2)).to.deep.equal(['node', '-e']);
    expect(command[2]).to.contain("process.env.CONCORDAT_OBSERVE + '/readyz'");
    expect([execForm(of('ENTRYPOINT')[0]!), execForm(of('CMD')[0]!)]).to.deep.equal([
      ['concordat'],
      ['coordinator', 'start'],
    ]);
    expect(of('STOPSIGNAL')).to.deep.equal(['SIGTERM']);
  });

  it('is composed with a root it cannot write, without capabilities, under a name that stays', () => {
    expect(service).to.deep.include({
      read_only: true,
      user: of('USER')[0],
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      hostname: 'coordinator',
      ports: ['7443:7443'],
      volumes: ['consortium:/var/lib/concordat'],
      build: { context: '../..', dockerfile: 'ops/image/Containerfile' },
    });
    expect(Object.keys(compose.volumes)).to.deep.equal(['consortium']);
  });

  it('takes no repository, no secret and nothing built into its context', () => {
    const ignored = readFileSync('.dockerignore', 'utf8').split('\n');
    expect(ignored).to.include.members(['.git', '**/node_modules', '**/dist']);
    const kept = readFileSync('.gitignore', 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    for (const line of kept)
      expect(
        ignored.some((one) => one.replace('**/', '') === line.replace(/\/$/, '')),
        line,
      ).to.equal(true);
  });

  it('is parsed by the rules of the format: what is no instruction is refused', () => {
    expect(() => parseContainerfile('FROM a\nRUNN x')).to.throw('no instruction');
    expect(() => parseContainerfile('RUN x')).to.throw('before any FROM');
    expect(() => execForm('"coordinator start"')).to.throw('not in the exec form');
  });
});
