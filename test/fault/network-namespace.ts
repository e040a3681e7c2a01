import { spawnSync } from 'node:child_process';

/** What goes out of a namespace, and what comes in. */
export type PacketDirection = 'output' | 'input';

let made = 0;

/** A network of its own for processes that are started in it, with one line to this machine. Needs root, `ip` and `nft`. */
export class NetworkNamespace {
  readonly #name: string;
  /** Of this machine, as it is seen from within. */
  readonly host: string;

  private constructor(name: string, host: string) {
    this.#name = name;
    this.host = host;
  }

  /** @throws with what the system says, where that is not allowed or not installed. */
  static make(): NetworkNamespace {
    made += 1;
    const name = `concordat-${process.pid}-${made}`;
    // 15 characters at most.
    const [near, far] = [`cn${process.pid % 1e6}${made}`, `cf${process.pid % 1e6}${made}`];
    // 198.18.0.0/15 is for tests of networks (RFC 2544).
    const net = `198.18.${process.pid % 256}`;
    const [host, own] = [`${net}.${4 * made + 1}`, `${net}.${4 * made + 2}`];
    const namespace = new NetworkNamespace(name, host);
    try {
      type('ip', 'netns', 'add', name);
      type('ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name);
      type('ip', 'addr', 'add', `${host}/30`, 'dev', near);
      type('ip', 'link', 'set', near, 'up');
      namespace.#within('ip', 'addr', 'add', `${own}/30`, 'dev', far);
      namespace.#within('ip', 'link', 'set', far, 'up');
      namespace.#within('nft', 'add', 'table', 'inet', 'faults');
    } catch (error) {
      namespace.close();
      throw error;
    }
    return namespace;
  }

  /** Before a command that is to run in it. */
  get under(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#name];
  }

  /** From now on packets are lost, each with this chance. @param percent 1 to 100. */
  lose(direction: PacketDirection, percent: number): void {
    const chain = ['inet', 'faults', direction];
    this.#within('nft', 'add', 'chain', ...chain, `{ type filter hook ${direction} priority 0 ; }`);
    const chance = percent < 100 ? ['numgen', 'random', 'mod', '100', '<', String(percent)] : [];
    this.#within('nft', 'add', 'rule', ...chain, ...chance, 'drop');
  }

  /** The end of all losses. */
  heal(): void {
    this.#within('nft', 'flush', 'table', 'inet', 'faults');
  }

  close(): void {
    // Its line goes with it.
    spawnSync('ip', ['netns', 'del', this.#name]);
  }

  #within(...words: readonly string[]): void {
    type(...this.under, ...words);
  }
}

function type(...words: readonly string[]): void {
  const { status, stderr, error } = spawnSync(words[0]!, words.slice(1), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')}: ${String(error ?? stderr).trim()}`);
}

/** A suite that needs them; where they cannot be had it is skipped, and says why. */
export function describeNetworkNamespace(title: string, body: (this: Mocha.Suite) => void): void {
  try {
    NetworkNamespace.make().close();
  } catch (error) {
    process.stderr.write(`\n!! SKIPPED, since network namespaces with nft cannot be made here (${error}): ${title}\n`);
    describe.skip(title, body);
    return;
  }
  describe(title, body);
}
